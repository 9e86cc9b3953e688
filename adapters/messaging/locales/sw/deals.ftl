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

        Hatua inayofuata: mnunuzi analipa pesa ziwekwe Amana. Tutazihifadhi salama mpaka kila kitu kikabidhiwe.
    .sms = Amana: wewe na { $counterparty } mmekubaliana kuhusu "{ $deal_title }" kwa { $amount }. Sasa mnunuzi alipe kupitia Amana.

deal_cancelled =
    .subject = Yamesitishwa: { $deal_title }
    .body =
        Habari { $name },

        Makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamesitishwa.

        Pesa yoyote ambayo Amana ilikuwa imeihifadhi itarudishwa kwa aliyelipa.
    .sms = Amana: makubaliano na { $counterparty } kuhusu "{ $deal_title }" yamesitishwa. Pesa yoyote iliyowekwa itarudi kwa aliyelipa.

cancel_asked =
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

        Muda wa makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" umeisha, kwa hivyo yamefungwa.

        Ikiwa nyote wawili bado mnayahitaji, yapendekezeni tena.
    .sms = Amana: muda wa makubaliano na { $counterparty } kuhusu "{ $deal_title }" umeisha. Mnaweza kuyapendekeza tena.

deal_funded =
    .subject = Pesa zimelipwa na ziko salama: { $deal_title }
    .body =
        Habari { $name },

        Malipo ya { $amount } kwa ajili ya "{ $deal_title }" yamepokelewa, na Amana inayahifadhi salama.

        Sasa muuzaji anaweza kukabidhi. Pesa zitatolewa mara tu mnunuzi atakapokubali alichokabidhiwa.
    .sms = Amana: malipo ya { $amount } kwa "{ $deal_title }" yamepokelewa na yako salama. Muuzaji sasa anaweza kukabidhi.

milestone_delivered =
    .subject = Imekabidhiwa, tafadhali kagua: { $milestone }
    .body =
        Habari { $name },

        { $counterparty } amesema kwamba amekabidhi "{ $milestone }" ya "{ $deal_title }".

        Tafadhali kagua. Kama kila kitu kiko sawa, mwachilie muuzaji { $amount }. Tusiposikia kutoka kwako kabla ya { $deadline }, pesa zitatolewa kiotomatiki.
    .sms = Amana: { $counterparty } amekabidhi "{ $milestone }" ya "{ $deal_title }". Kagua, achilia { $amount }; zitatoka zenyewe { $deadline }.

milestone_released =
    .subject = Umelipwa { $amount }
    .body =
        Habari { $name },

        Habari njema: umelipwa { $amount } kwa ajili ya "{ $milestone }" ya "{ $deal_title }".

        Pesa ziko kwenye salio lako la Amana, na unaweza kuzitoa kwenda M-Pesa wakati wowote.
    .sms = Amana: umelipwa { $amount } kwa "{ $milestone }" ya "{ $deal_title }". Pesa ziko kwenye salio lako la Amana.

milestone_refunded =
    .subject = { $amount } zimerudishwa: { $milestone }
    .body =
        Habari { $name },

        { $amount } za "{ $milestone }" ya "{ $deal_title }" zimerudishwa kwa aliyelipa.

        Pesa hizo ziko kwenye salio la Amana la aliyelipa.
    .sms = Amana: { $amount } za "{ $milestone }" ya "{ $deal_title }" zimerudishwa kwenye salio la Amana la aliyelipa.

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

        Amana huhifadhi pesa za mnunuzi salama mpaka kila kitu kikabidhiwe. Jisajili kwa anwani hii na uithibitishe, na utayaona makubaliano. Kama tayari una akaunti yenye anwani hii, unaweza kujiunga kwa msimbo ufuatao.

        { $code }

        Mwaliko huu ni halali hadi { $deadline }. Tafadhali usimpe mtu yeyote msimbo huu. Kama hujui unahusu nini, unaweza kuupuuza.
    .sms = Amana: { $counterparty } anakualika kwenye "{ $deal_title }" kwa { $amount }. Jisajili kwa namba hii. Msimbo { $code } hadi { $deadline }.

deal_joined =
    .subject = { $counterparty } amejiunga: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } amekubali mwaliko wako na sasa anayaona makubaliano "{ $deal_title }".

        Kama siye uliyemkusudia, sitisha makubaliano kabla ya kukubaliana chochote.
    .sms = Amana: { $counterparty } amekubali mwaliko wako kwenye "{ $deal_title }".

broker_agreed =
    .subject = Wamekubaliana: { $deal_title }
    .body =
        Habari { $name },

        Pande zote mbili zimekubaliana kuhusu "{ $deal_title }", ambayo uliiwezesha.

        Kamisheni yako ni { $amount }. Inalipwa sehemu kwa sehemu, kila muuzaji anapolipwa.
    .sms = Amana: pande zote mbili zimekubaliana kuhusu "{ $deal_title }". Kamisheni yako ni { $amount }.

broker_paid =
    .subject = Kamisheni yako: { $amount }
    .body =
        Habari { $name },

        "{ $milestone }" ya "{ $deal_title }" imekamilishwa, na { $amount } kati yake ni kamisheni yako.

        Iko kwenye salio lako la Amana.
    .sms = Amana: kamisheni ya { $amount } kwa "{ $milestone }" ya "{ $deal_title }" iko kwenye salio lako la Amana.

payer_named =
    .subject = { $counterparty } anaomba usaidie kulipa: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } ananunua "{ $deal_title }" kwa { $amount } na amekutaja kuwa unaweza kulipia, kwa sehemu au yote.

        Uamuzi ni wako. Makubaliano yasipofanikiwa, ulichokilipa kitarudi kwako.
    .sms = Amana: { $counterparty } amekutaja usaidie kulipia "{ $deal_title }" ({ $amount }). Uamuzi ni wako.

deal_paid_in_part =
    .subject = { $amount } zimelipwa kwa ajili ya { $deal_title }
    .body =
        Habari { $name },

        { $amount } zimelipwa kwa ajili ya "{ $deal_title }". Amana inazihifadhi salama; bado { $left } zinadaiwa.

        Salio lisipolipwa kwa wakati, pesa zote zitarudi kwa waliolipa.
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

        { $counterparty } amerudisha "{ $milestone }" ya "{ $deal_title }" ifanywe upya. { $reason }

        Tafadhali kabidhi tena kabla ya { $deadline }. Kama unaona ilikuwa sawa, unaweza kufungua mgogoro.
    .sms = Amana: { $counterparty } amerudisha "{ $milestone }" ya "{ $deal_title }". Kabidhi tena kabla ya { $deadline }, au fungua mgogoro.

milestone_split =
    .subject = { $milestone } imegawanywa
    .body =
        Habari { $name },

        Pesa za "{ $milestone }" ya "{ $deal_title }" zimegawanywa kati yenu wawili.

        Sehemu yako, { $amount }, iko kwenye salio lako la Amana.
    .sms = Amana: pesa za "{ $milestone }" ya "{ $deal_title }" zimegawanywa. Sehemu yako: { $amount }.

split_offered =
    .subject = { $counterparty } anapendekeza kugawana: { $milestone }
    .body =
        Habari { $name },

        { $counterparty } anapendekeza kumaliza "{ $milestone }" ya "{ $deal_title }" hivi: muuzaji apate { $amount } na zilizobaki zirudi.

        Ukikubali, inafanyika mara moja. Usipokubali, hakuna kinachobadilika.
    .sms = Amana: { $counterparty } anapendekeza kumaliza "{ $milestone }" ya "{ $deal_title }": muuzaji apate { $amount }.

dispute_opened =
    .subject = Mgogoro kuhusu { $milestone }
    .body =
        Habari { $name },

        { $counterparty } amefungua mgogoro kuhusu "{ $milestone }" ya "{ $deal_title }". { $reason }

        Pesa za sehemu hii zimefungwa. Tafadhali jibu kabla ya { $deadline }: usipojibu, { $counterparty } atazipata.
    .sms = Amana: { $counterparty } amefungua mgogoro kuhusu "{ $milestone }" ya "{ $deal_title }". Jibu kabla ya { $deadline }.

dispute_answered =
    .subject = Mgogoro kuhusu { $milestone } unaenda kwa msuluhishi
    .body =
        Habari { $name },

        Mgogoro kuhusu "{ $milestone }" ya "{ $deal_title }" umejibiwa. Msuluhishi wa Amana ataamua kabla ya { $deadline }.

        Hadi wakati huo bado unaweza kuongeza ushahidi, au mnaweza kumalizana wenyewe.
    .sms = Amana: mgogoro kuhusu "{ $milestone }" ya "{ $deal_title }" unaenda kwa msuluhishi; ataamua kabla ya { $deadline }.

dispute_awarded =
    .subject = Msuluhishi ameamua kuhusu { $milestone }
    .body =
        Habari { $name },

        Msuluhishi ameamua kuhusu "{ $milestone }" ya "{ $deal_title }": { $amount } ni za muuzaji, zilizobaki zinarudi. { $reason }
    .sms = Amana: msuluhishi ameamua kuhusu "{ $milestone }" ya "{ $deal_title }": { $amount } ni za muuzaji.

extension_asked =
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
    .delivery = Tafadhali wasilisha. La sivyo mnunuzi atarudishiwa pesa.
    .inspection = Tafadhali kagua ulichopokea. Ukinyamaza, muuzaji atalipwa.
    .answer = Tafadhali jibu mgogoro. Ukinyamaza, upande mwingine utapata pesa.
    .unknown = Tafadhali angalia kwenye Amana.

deal_completed =
    .subject = Yamekamilika: { $deal_title }
    .body =
        Habari { $name },

        Makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamekamilika. Kila kitu kimekabidhiwa na kulipwa.

        Asante kwa kuiamini Amana.
    .sms = Amana: makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamekamilika. Asante kwa kuiamini Amana.
