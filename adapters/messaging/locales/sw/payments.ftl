payment_requested =
    .subject = Idhinisha { $amount } kwenye simu yako
    .body =
        Habari { $name },

        Tumetuma ombi la M-Pesa kwenye simu yako: { $amount } kwa ajili ya "{ $deal_title }". Tafadhali liidhinishe hapo kwa PIN yako ya M-Pesa.

        Kama hukulitarajia, lipuuze na hakuna pesa zitakazotozwa.
    .sms = Amana: idhinisha ombi la M-Pesa kwenye simu yako kulipa { $amount } kwa "{ $deal_title }". Kama hukulitarajia, lipuuze.

payment_failed =
    .subject = Malipo yako ya { $amount } hayakufaulu
    .body =
        Habari { $name },

        Malipo yako ya { $amount } kwa ajili ya "{ $deal_title }" hayakufaulu.

        { $reason }
    .sms = Amana: malipo yako ya { $amount } kwa "{ $deal_title }" hayakufaulu. { $reason }

payment_review =
    .subject = Tunakagua muamala wako wa M-Pesa wa { $amount }
    .body =
        Habari { $name },

        Timu yetu inakagua muamala wako wa M-Pesa wa { $amount }, kwa sababu matokeo yake bado hayajawa wazi.

        Pesa zako ziko salama. Tafadhali usijaribu tena; tutakujulisha mara tu tukimaliza.
    .sms = Amana: tunakagua muamala wako wa M-Pesa wa { $amount }. Pesa zako ziko salama. Tafadhali usijaribu tena; tutakujulisha hivi karibuni.

deposit_received =
    .subject = Tumepokea { $amount }
    .body =
        Habari { $name },

        Tumepokea { $amount } kutoka kwako kupitia M-Pesa, na sasa ziko kwenye salio lako la Amana.

        { $receipt }
    .sms = Amana: tumepokea { $amount } kutoka kwako. Ziko kwenye salio lako la Amana. { $receipt }

deposit_failed =
    .subject = Malipo yako ya { $amount } ya kuongeza salio hayakufaulu
    .body =
        Habari { $name },

        Malipo yako ya { $amount } ya kuongeza salio lako la Amana hayakufaulu.

        { $reason }
    .sms = Amana: malipo yako ya { $amount } ya kuongeza salio hayakufaulu. { $reason }

payment_matched =
    .subject = Tumepata malipo yako ya { $amount }
    .body =
        Habari { $name },

        Awali tulipokea { $amount } bila kujua aliyelipa. Ni malipo yako, na sasa pesa ziko kwenye salio lako la Amana.

        { $receipt }
    .sms = Amana: tumepata malipo yako ya { $amount }. Ziko kwenye salio lako la Amana. { $receipt }
