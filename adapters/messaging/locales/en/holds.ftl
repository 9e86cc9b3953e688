hold_created =
    .subject = You have set { $amount } aside for { $counterparty }
    .body =
        Hello { $name },

        { $amount } of your Amana balance is set aside for { $counterparty } until { $deadline }. Any money that is not taken by then comes back to you.

        If this was not you, please contact us right away.
    .sms = Amana: you have set { $amount } aside for { $counterparty } until { $deadline }. If this was not you, please contact us right away.

hold_received =
    .subject = { $counterparty } has set { $amount } aside for you
    .body =
        Hello { $name },

        { $counterparty } has set { $amount } aside for you until { $deadline }. You can take it in parts or as a whole, or give it back.

        Any money that you have not taken by then goes back to { $counterparty }.
    .sms = Amana: { $counterparty } has set { $amount } aside for you. Take it by { $deadline } or it goes back.

hold_settled =
    .subject = { $counterparty } has taken { $amount } of what you set aside
    .body =
        Hello { $name },

        { $counterparty } has taken { $amount } of the money that you had set aside for them.

        If you think that this is wrong, please talk to { $counterparty } first. You can also contact us.
    .sms = Amana: { $counterparty } has taken { $amount } of the money that you set aside for them.

hold_released =
    .subject = { $amount } is back in your balance
    .body =
        Hello { $name },

        { $counterparty } has given back { $amount } that you had set aside. It is in your Amana balance again.
    .sms = Amana: { $counterparty } has given back { $amount } that you had set aside. It is in your Amana balance again.

hold_expired =
    .subject = Time is up: { $amount } was not taken
    .body =
        Hello { $name },

        The time for the money set aside between you and { $counterparty } is over. { $amount } was not taken and is back with its owner.
    .sms = Amana: the time for the money set aside between you and { $counterparty } is over. { $amount } was not taken and is back with its owner.
