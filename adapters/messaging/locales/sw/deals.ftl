deal_proposed =
    .subject = { $counterparty } amependekeza makubaliano: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } amependekeza makubaliano nawe kwenye Amana: "{ $deal_title }" kwa { $amount }.

        Tafadhali yapitie na ujibu kabla ya { $deadline }. Hakuna pesa zitakazotozwa mpaka nyote wawili mkubaliane.
    .sms = Amana: { $counterparty } amependekeza "{ $deal_title }" kwa { $amount }. Tafadhali jibu kabla ya { $deadline }.

deal_agreed =
    .subject = Mmekubaliana: { $deal_title }
    .body =
        Habari { $name },

        Wewe na { $counterparty } mmekubaliana kuhusu "{ $deal_title }" kwa { $amount }.

        { $next }
    .sms = Amana: wewe na { $counterparty } mmekubaliana "{ $deal_title }" kwa { $amount }. { $next }

deal_cancelled =
    .subject = Yamesitishwa: { $deal_title }
    .body =
        Habari { $name },

        Makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamesitishwa.

        Pesa zozote ambazo Amana ilikuwa imehifadhi zitarudishwa kwa aliyelipa.
    .sms = Amana: makubaliano na { $counterparty } kuhusu "{ $deal_title }" yamesitishwa. Pesa zilizowekwa zitarudi kwa aliyelipa.

cancellation_requested =
    .subject = { $counterparty } anaomba kusitisha: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } anaomba kusitisha makubaliano yenu kuhusu "{ $deal_title }".

        Ukikubali, pesa ambazo Amana inazihifadhi zitarudishwa kwa aliyelipa. Usipokubali, makubaliano yataendelea kama kawaida.
    .sms = Amana: { $counterparty } anaomba kusitisha "{ $deal_title }". Ukikubali, pesa zitarudishwa kwa aliyelipa.

deal_expired =
    .subject = Muda umeisha: { $deal_title }
    .body =
        Habari { $name },

        Makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamefungwa. { $ended }

        Ikiwa nyote wawili bado mnayahitaji, fanyeni makubaliano mapya.
    .sms = Amana: makubaliano na { $counterparty } kuhusu "{ $deal_title }" yamefungwa. { $ended }

deal_funded =
    .subject = Imelipiwa na pesa ziko salama: { $deal_title }
    .body =
        Habari { $name },

        Malipo ya { $amount } kwa ajili ya "{ $deal_title }" yamepokelewa, na Amana inayahifadhi salama.

        { $next }
    .sms = Amana: malipo ya { $amount } kwa "{ $deal_title }" yamepokelewa na yako salama. { $next }

milestone_delivered =
    .subject = Imekabidhiwa, tafadhali kagua: { $milestone }
    .body =
        Habari { $name },

        { $counterparty } amesema kwamba amekabidhi { $part }.

        Tafadhali kagua. Kama kila kitu kiko sawa, mwachilie muuzaji { $amount }.

        Kama kuna shida, usiachilie pesa: mwambie muuzaji arudie, au fungua mgogoro, kabla ya { $deadline }. Usipofanya chochote kufikia wakati huo, muuzaji atalipwa moja kwa moja.
    .sms = Amana: { $counterparty } amekabidhi "{ $milestone }". Sawa? Achilia { $amount }. Shida? Fungua mgogoro kabla ya { $deadline } au atalipwa.

milestone_released =
    .subject = Umelipwa { $amount }
    .body =
        Habari { $name },

        Habari njema: umelipwa { $amount } kwa ajili ya { $part }. { $why }

        Bei ilikuwa { $price }, ukitoa ada ya { $fee }. Pesa ziko kwenye salio lako la Amana, na unaweza kuzitoa kwenda M-Pesa wakati wowote.
    .sms = Amana: umelipwa { $amount } kwa { $part }. Pesa ziko kwenye salio lako la Amana.

milestone_refunded =
    .subject = { $amount } zimerudi kwenye salio lako: { $milestone }
    .body =
        Habari { $name },

        { $amount } za { $part } zimerudi kwenye salio lako la Amana. { $why }

        Unaweza kuzitoa kwenda M-Pesa wakati wowote.
    .sms = Amana: { $amount } za "{ $milestone }" zimerudi kwenye salio lako la Amana. { $why }

deal_countered =
    .subject = { $counterparty } ametoa pendekezo jingine: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } ametoa pendekezo jingine kuhusu "{ $deal_title }": jumla { $amount }.

        Amana inaonyesha kilichobadilika. Tafadhali jibu kabla ya { $deadline }. Hakuna pesa zitakazotozwa mpaka nyote wawili mkubaliane.
    .sms = Amana: { $counterparty } ametoa pendekezo jingine kuhusu "{ $deal_title }": { $amount }. Jibu kabla ya { $deadline }.

deal_invitation =
    .subject = { $counterparty } anakualika kwenye makubaliano: { $deal_title }
    .body =
        Habari,

        { $counterparty } angependa kufanya makubaliano nawe kupitia Amana: "{ $deal_title }" kwa { $amount }.

        Amana huhifadhi pesa za mnunuzi salama mpaka kila kitu kikabidhiwe. Jisajili kwa anwani hii na uithibitishe ili uone makubaliano. Kama tayari una akaunti yenye anwani hii, jiunge kwa nambari ifuatayo.

        { $code }

        { $link }

        Pendekezo hili linaisha { $deadline }. Baada ya hapo, mwombe { $counterparty } atume jipya. Tafadhali usimpe mtu yeyote nambari hii. Kama hujui ujumbe huu unahusu nini, upuuze.
    .sms = Amana: { $counterparty } anakualika kwenye "{ $deal_title }" kwa { $amount }. Jisajili kwa simu hii. Nambari { $code } hadi { $deadline }. { $link }

deal_joined =
    .subject = { $counterparty } amejiunga: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } amekubali mwaliko wako na sasa anayaona makubaliano "{ $deal_title }".

        Kama si mtu uliyemtaka, sitisha makubaliano kabla ninyi wawili hamjakubaliana.
    .sms = Amana: { $counterparty } amekubali mwaliko wako kwenye "{ $deal_title }".

broker_agreed =
    .subject = Wamekubaliana: { $deal_title }
    .body =
        Habari { $name },

        Pande zote mbili zimekubaliana kuhusu "{ $deal_title }", makubaliano uliyoyafanikisha.

        Kamisheni yako ni { $amount }. Utapata sehemu yake kila muuzaji anapolipwa.
    .sms = Amana: pande zote mbili zimekubaliana kuhusu "{ $deal_title }". Kamisheni yako ni { $amount }.

broker_paid =
    .subject = Kamisheni yako: { $amount }
    .body =
        Habari { $name },

        Muuzaji amelipwa kwa { $part }, na kamisheni yako ni { $amount }.

        Iko kwenye salio lako la Amana.
    .sms = Amana: kamisheni ya { $amount } kwa { $part } iko kwenye salio lako la Amana.

payer_added =
    .subject = { $counterparty } anaomba usaidie kulipa: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } ananunua "{ $deal_title }" kwa { $amount } na anaomba ulipie sehemu au yote.

        Uamuzi ni wako. Makubaliano yasipoendelea, pesa zako zitarudi kwako.
    .sms = Amana: { $counterparty } anaomba usaidie kulipia "{ $deal_title }" ({ $amount }). Uamuzi ni wako.

deal_paid_in_part =
    .subject = { $amount } zimelipwa kwa ajili ya { $deal_title }
    .body =
        Habari { $name },

        { $amount } zimelipwa kwa ajili ya "{ $deal_title }". Amana inazihifadhi salama; bado { $left } zinadaiwa.

        Zilizobaki zisipolipwa kwa wakati, pesa zote zitarudi kwa waliolipa.
    .sms = Amana: { $amount } zimelipwa kwa "{ $deal_title }"; bado { $left } zinadaiwa.

payment_returned =
    .subject = { $amount } zimerudi kwenye salio lako
    .body =
        Habari { $name },

        Makubaliano "{ $deal_title }" hayakuendelea, kwa hivyo { $amount } ulizokuwa umelipa zimerudi kwenye salio lako la Amana.
    .sms = Amana: "{ $deal_title }" hayakuendelea. { $amount } ulizolipa zimerudi kwenye salio lako la Amana.

milestone_rejected =
    .subject = Tafadhali rudia: { $milestone }
    .body =
        Habari { $name },

        { $counterparty } hakukubali { $part } na anaomba urudie. { $reason }

        Tafadhali kabidhi tena kabla ya { $deadline }. Kama unaona ilikuwa sawa, unaweza kufungua mgogoro.
    .sms = Amana: { $counterparty } hakukubali { $part }. Kabidhi tena kabla ya { $deadline }, au fungua mgogoro.

milestone_split =
    .subject = Pesa za { $milestone } zimegawanywa
    .body =
        Habari { $name },

        Pesa za { $part } zimegawanywa: { $for_seller } za muuzaji, na { $for_buyer } zimerudi upande wa mnunuzi, baada ya ada. { $why }

        Sehemu yako, { $amount }, iko kwenye salio lako la Amana.
    .sms = Amana: pesa za "{ $milestone }" zimegawanywa. Sehemu yako: { $amount }. { $why }

split_offered =
    .subject = { $counterparty } anapendekeza kugawana pesa: { $milestone }
    .body =
        Habari { $name },

        { $counterparty } anapendekeza kugawana pesa za { $part }: muuzaji apate { $amount } na zilizobaki zirudi.

        Ukikubali, pesa zitagawanywa mara moja. Usipokubali, hakuna kitakachobadilika.
    .sms = Amana: { $counterparty } anapendekeza kugawana pesa za { $part }: muuzaji apate { $amount }.

dispute_opened =
    .subject = Mgogoro kuhusu { $milestone }
    .body =
        Habari { $name },

        { $counterparty } amefungua mgogoro kuhusu { $part }. { $reason }

        Pesa za sehemu hii zimezuiliwa. Tafadhali jibu kabla ya { $deadline }. Usipojibu, { $counterparty } atapata pesa.
    .sms = Amana: { $counterparty } amefungua mgogoro kuhusu { $part }. Jibu kabla ya { $deadline } au utazikosa.

dispute_answered =
    .subject = Mgogoro kuhusu { $milestone } unaenda kwa msuluhishi
    .body =
        Habari { $name },

        Mgogoro kuhusu { $part } umejibiwa. Msuluhishi wa Amana ataamua kabla ya { $deadline }.

        Hadi wakati huo bado unaweza kuongeza ushahidi, au mnaweza kukubaliana wenyewe.
    .sms = Amana: mgogoro kuhusu { $part } unaenda kwa msuluhishi; ataamua kabla ya { $deadline }.

dispute_awarded =
    .subject = Msuluhishi ameamua kuhusu { $milestone }
    .body =
        Habari { $name },

        Msuluhishi ameamua kuhusu { $part }: { $for_seller } ni za muuzaji, na { $for_buyer } zinarudi upande wa mnunuzi. { $reason }

        Baada ya ada, { $amount } ziko kwenye salio lako la Amana.
    .sms = Amana: msuluhishi ameamua "{ $milestone }": { $for_seller } kwa muuzaji, { $for_buyer } zarudi. Umepata { $amount }.

extension_requested =
    .subject = { $counterparty } anaomba muda zaidi: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } anaomba muda zaidi kwa "{ $deal_title }": hadi { $deadline }.

        Ukikubali, muda unaongezwa. Usipokubali, mambo yanabaki kama yalivyo.
    .sms = Amana: { $counterparty } anaomba muda zaidi kwa "{ $deal_title }": hadi { $deadline }.

deadline_extended =
    .subject = Muda umeongezwa: { $deal_title }
    .body =
        Habari { $name },

        Nyote wawili mmekubaliana: mwisho wa muda wa "{ $deal_title }" sasa ni { $deadline }.
    .sms = Amana: mwisho wa muda wa "{ $deal_title }" sasa ni { $deadline }.

deadline_near =
    .subject = Unasubiriwa: { $deal_title }
    .body =
        Habari { $name },

        "{ $deal_title }" inakusubiri hadi { $deadline }. { $silence }
    .sms = Amana: "{ $deal_title }" inakusubiri hadi { $deadline }. { $silence }

silence =
    .acceptance = Tafadhali jibu pendekezo. Bila jibu, makubaliano yataisha.
    .funding = Tafadhali lipa. Muda ukipita, makubaliano yataisha na pesa zitarudi.
    .delivery = Tafadhali kabidhi. La sivyo mnunuzi atarudishiwa pesa.
    .inspection = Kagua ulichopokea. Shida? Fungua mgogoro, au muuzaji atalipwa.
    .answer = Tafadhali jibu mgogoro. Usipojibu, upande mwingine utapata pesa.
    .unknown = Tafadhali angalia kwenye Amana.

deal_completed =
    .subject = Yamekamilika: { $deal_title }
    .body =
        Habari { $name },

        Makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamekamilika. { $outcome }

        Asante kwa kuiamini Amana.
    .sms = Amana: makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamekamilika. { $outcome }

# The next step of the reader, by their side.
agreed_next =
    .buyer = Sasa lipa Amana. Pesa ni salama hadi ukabidhiwe.
    .seller = Sasa mnunuzi alipe. Kabidhi tukikwambia amelipa.
    .unknown = Sasa mnunuzi alipe kupitia Amana.

# Which deadline passed.
ended =
    .proposed = Pendekezo halikukubaliwa kwa wakati.
    .agreed = Hayakulipwa kwa wakati. Zilizolipwa zimerudi kwa aliyelipa.
    .unknown = Muda wake umeisha.

funded_next =
    .buyer = Muuzaji anaweza kukabidhi. Kagua kabla ya kuachilia pesa.
    .seller = Unaweza kukabidhi sasa. Utalipwa mnunuzi akikubali.
    .payer = Muuzaji sasa anaweza kukabidhi.
    .unknown = Muuzaji sasa anaweza kukabidhi.

seller_paid =
    .subject = { $counterparty } amelipwa: { $milestone }
    .body =
        Habari { $name },

        { $counterparty } amelipwa { $amount } kwa ajili ya { $part }. { $why }

        Kama unaona si sawa, tafadhali wasiliana nasi.
    .sms = Amana: { $counterparty } amelipwa { $amount } kwa "{ $milestone }". { $why }

buyer_refunded =
    .subject = { $amount } zimerudishwa: { $milestone }
    .body =
        Habari { $name },

        { $amount } za { $part } zimerudishwa upande wa mnunuzi. { $why }

        Kama unaona si sawa, tafadhali wasiliana nasi.
    .sms = Amana: { $amount } za "{ $milestone }" zimerudishwa upande wa mnunuzi. { $why }

# Why money moved, in a sentence that both sides can read.
why =
    .buyer = Mnunuzi alikubali alichokabidhiwa.
    .seller = Muuzaji alirudisha pesa.
    .agreement = Nyote wawili mlikubaliana.
    .called_off = Nyote wawili mlisitisha makubaliano.
    .award = Msuluhishi aliamua hivyo.
    .no_objection = Mnunuzi hakupinga kwa wakati.
    .not_delivered = Haikukabidhiwa kwa wakati.
    .not_answered = Mgogoro haukujibiwa kwa wakati.
    .no_award = Hakuna msuluhishi aliyeamua kwa wakati.

outcome =
    .released = Kila kitu kimekabidhiwa, na muuzaji amelipwa.
    .refunded = Pesa zimerudi kwa aliyelipa.
    .divided = Muuzaji amepata sehemu, zilizobaki zimerudi kwa aliyelipa.
    .unknown = Hakuna kilichobaki kufanywa.

delivery_code =
    .subject = Nambari yako ya kupokea { $milestone }
    .body =
        Habari { $name },

        Nambari yako ya kupokea { $part } ni { $code }.

        Mpe { $counterparty } nambari hii tu baada ya kupokea bidhaa na kuona ziko sawa: nambari inathibitisha kwamba umezipokea.
    .sms = Amana: nambari ya kupokea "{ $milestone }": { $code }. Mpe muuzaji nambari hii tu baada ya kupokea bidhaa.
