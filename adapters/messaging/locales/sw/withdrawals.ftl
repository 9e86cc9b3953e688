withdrawal_requested =
    .subject = Ombi lako la kutoa { $amount }
    .body =
        Habari { $name },

        Tumepokea ombi lako la kutoa { $amount } kwenda M-Pesa. Kwa kawaida huchukua dakika chache, na tutakujulisha likikamilika.

        Kama si wewe uliyeomba, tafadhali wasiliana nasi mara moja.
    .sms = Amana: tumepokea ombi lako la kutoa { $amount } kwenda M-Pesa. Kama si wewe uliyeomba, wasiliana nasi mara moja.

withdrawal_held =
    .subject = Tunakagua ombi lako la kutoa { $amount }
    .body =
        Habari { $name },

        Ombi lako la kutoa { $amount } linasubiri ukaguzi mfupi wa usalama kutoka kwa timu yetu.

        Pesa zako ziko salama na huhitaji kufanya lolote. Tutakujulisha mara tu ukaguzi utakapokamilika.
    .sms = Amana: ombi lako la kutoa { $amount } linasubiri ukaguzi mfupi wa usalama. Pesa zako ziko salama; tutakujulisha.

withdrawal_rejected =
    .subject = Hatukuweza kuidhinisha ombi lako la kutoa { $amount }
    .body =
        Habari { $name },

        Hatukuweza kuidhinisha ombi lako la kutoa { $amount }.

        { $reason }

        Pesa zote zimerudi kwenye salio lako la Amana. Ukiwa na swali, tafadhali wasiliana nasi.
    .sms = Amana: hatukuweza kuidhinisha ombi lako la kutoa { $amount }. Pesa zimerudi kwenye salio lako. { $reason }

withdrawal_paid =
    .subject = Tumekutumia { $amount } kwenye M-Pesa
    .body =
        Habari { $name },

        Tumekutumia { $amount } kwenye M-Pesa yako.

        { $receipt }
    .sms = Amana: tumekutumia { $amount } kwenye M-Pesa yako. { $receipt }

withdrawal_failed =
    .subject = Ombi lako la kutoa { $amount } halikufaulu
    .body =
        Habari { $name },

        M-Pesa haikuweza kukamilisha ombi lako la kutoa { $amount }. Pesa zote zimerudi kwenye salio lako la Amana.

        { $reason }
    .sms = Amana: { $amount } hazikuweza kutumwa kwa M-Pesa yako na zimerudi kwenye salio lako. { $reason }

withdrawal_expired =
    .subject = Ombi lako la kutoa { $amount } halikutekelezwa
    .body =
        Habari { $name },

        Ombi lako la kutoa { $amount } lilisubiri ukaguzi wa usalama ambao haukukamilika kwa wakati, kwa hiyo halikutekelezwa.

        Pesa zote zimerudi kwenye salio lako la Amana. Unaweza kuomba tena; samahani kwa kucheleweshwa.
    .sms = Amana: ombi lako la kutoa { $amount } halikukaguliwa kwa wakati na halikutekelezwa. Pesa zimerudi kwenye salio lako.
