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

        Pesa yoyote ambayo Amana ilikuwa imeihifadhi itarudishwa kwa mnunuzi.
    .sms = Amana: makubaliano na { $counterparty } kuhusu "{ $deal_title }" yamesitishwa. Pesa yoyote iliyowekwa itarudi kwa mnunuzi.

cancel_asked =
    .subject = { $counterparty } anaomba kusitisha: { $deal_title }
    .body =
        Habari { $name },

        { $counterparty } anaomba kusitisha makubaliano yenu kuhusu "{ $deal_title }".

        Ukikubali, pesa ambazo Amana inazihifadhi zitarudishwa kwa mnunuzi. Usipokubali, makubaliano yataendelea kama kawaida.
    .sms = Amana: { $counterparty } anaomba kusitisha "{ $deal_title }". Ukikubali, pesa zitarudishwa kwa mnunuzi.

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
    .subject = { $amount } zimerudishwa kwa mnunuzi
    .body =
        Habari { $name },

        { $amount } za "{ $milestone }" ya "{ $deal_title }" zimerudishwa kwa mnunuzi.

        Pesa hizo ziko kwenye salio la Amana la mnunuzi.
    .sms = Amana: { $amount } za "{ $milestone }" ya "{ $deal_title }" zimerudishwa kwenye salio la Amana la mnunuzi.

deal_completed =
    .subject = Yamekamilika: { $deal_title }
    .body =
        Habari { $name },

        Makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamekamilika. Kila kitu kimekabidhiwa na kulipwa.

        Asante kwa kuiamini Amana.
    .sms = Amana: makubaliano yako na { $counterparty } kuhusu "{ $deal_title }" yamekamilika. Asante kwa kuiamini Amana.
