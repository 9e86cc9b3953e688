transfer_received =
    .subject = { $counterparty } amekutumia { $amount }
    .body =
        Habari { $name },

        { $counterparty } amekutumia { $amount }. Pesa ziko kwenye salio lako la Amana sasa.

        Utaziona kwenye orodha ya miamala yako.
    .sms = Amana: { $counterparty } amekutumia { $amount }. Pesa ziko kwenye salio lako la Amana.

transfer_sent =
    .subject = Umemtumia { $counterparty } { $amount }
    .body =
        Habari { $name },

        Umemtumia { $counterparty } { $amount } kutoka kwenye salio lako la Amana.

        Kama si wewe uliyefanya hivyo, tafadhali wasiliana nasi mara moja.
    .sms = Amana: umemtumia { $counterparty } { $amount }. Kama si wewe, wasiliana nasi mara moja.
