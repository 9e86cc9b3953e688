transfer_received =
    .subject = { $counterparty } has sent you { $amount }
    .body =
        Hello { $name },

        { $counterparty } has sent you { $amount }. It is in your Amana balance now.

        You can see it in your list of transactions.
    .sms = Amana: { $counterparty } has sent you { $amount }. It is in your Amana balance now.

transfer_sent =
    .subject = You have sent { $amount } to { $counterparty }
    .body =
        Hello { $name },

        You have sent { $amount } to { $counterparty } from your Amana balance.

        If this was not you, please contact us at once.
    .sms = Amana: you have sent { $amount } to { $counterparty }. Not you? Contact us at once.
