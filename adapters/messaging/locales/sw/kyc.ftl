kyc_submitted =
    .subject = Tumepokea hati zako
    .body =
        Habari { $name },

        Tumepokea hati zako. Timu yetu inazikagua, na tutakuandikia mara tu ukaguzi utakapokamilika.

        Kama si wewe uliyezituma, tafadhali wasiliana nasi mara moja.
    .sms = Amana: { $name }, tumepokea hati zako na tutakuandikia zikishakaguliwa. Kama si wewe uliyezituma, wasiliana nasi mara moja.

kyc_approved =
    .subject = Hati zako zimeidhinishwa
    .body =
        Habari { $name },

        Tumekagua hati zako na kila kitu kiko sawa. Mipaka yako mipya inaanza kutumika sasa.

        Asante kwa muda wako.
    .sms = Amana: { $name }, hati zako zimeidhinishwa. Mipaka yako mipya inaanza kutumika sasa.

kyc_rejected =
    .subject = Hatukuweza kuidhinisha hati zako
    .body =
        Habari { $name },

        Tumekagua hati zako na hatukuweza kuziidhinisha. Mipaka yako inabaki ilivyo.

        { $reason }

        Unaweza kuomba tena kwa hati nyingine wakati wowote.
    .sms = Amana: hatukuweza kuidhinisha hati zako. Unaweza kuomba tena wakati wowote. { $reason }

tier_changed =
    .subject = Akaunti yako ya Amana sasa ina mipaka mingine
    .body =
        Habari { $name },

        Timu yetu imeiwekea akaunti yako mipaka mingine: { $tier }. Inaanza kutumika sasa, na unaweza kuiona kwenye app.

        Ukiwa na swali, tafadhali wasiliana nasi.
    .sms = Amana: { $name }, akaunti yako sasa ina mipaka mingine: { $tier }. Unaweza kuiona kwenye app.
