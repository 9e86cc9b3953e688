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

        Malipo yako ya { $amount } kwa ajili ya "{ $deal_title }" hayakufaulu. Sababu: { $reason }

        Unaweza kujaribu tena ukiwa tayari.
    .sms = Amana: malipo yako ya { $amount } kwa "{ $deal_title }" hayakufaulu ({ $reason }). Unaweza kujaribu tena.

payment_review =
    .subject = Tunakagua malipo yako ya { $amount }
    .body =
        Habari { $name },

        Kuna jambo kuhusu malipo yako ya { $amount } linalohitaji kuangaliwa kwa makini, na timu yetu inalishughulikia.

        Pesa zako ziko salama. Tafadhali usilipe tena; tutakujulisha mara tu litakapotatuliwa.
    .sms = Amana: tunakagua malipo yako ya { $amount }. Pesa zako ziko salama. Tafadhali usilipe tena; tutakujulisha hivi karibuni.

deposit_received =
    .subject = Tumepokea { $amount }
    .body =
        Habari { $name },

        Tumepokea { $amount } kutoka kwako kupitia M-Pesa, na sasa ziko kwenye salio lako la Amana.

        Risiti ya M-Pesa: { $receipt }
    .sms = Amana: tumepokea { $amount } kutoka kwako. Ziko kwenye salio lako la Amana. Risiti ya M-Pesa { $receipt }.
