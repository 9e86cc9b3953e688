deal_proposed =
    .subject = { $counterparty } has proposed a deal: { $deal_title }
    .body =
        Hello { $name },

        { $counterparty } has proposed a deal with you on Amana: "{ $deal_title }" for { $amount }.

        Please look it over and answer by { $deadline }. No money moves until you have both agreed.
    .sms = Amana: { $counterparty } proposes "{ $deal_title }" for { $amount }. Please answer by { $deadline }.

deal_agreed =
    .subject = Agreed: { $deal_title }
    .body =
        Hello { $name },

        You and { $counterparty } have agreed on "{ $deal_title }" for { $amount }.

        Next, the buyer pays the money into Amana. We keep it safe until everything has been delivered.
    .sms = Amana: you and { $counterparty } have agreed on "{ $deal_title }" for { $amount }. Next, the buyer pays into Amana.

deal_cancelled =
    .subject = Cancelled: { $deal_title }
    .body =
        Hello { $name },

        Your deal "{ $deal_title }" with { $counterparty } has been cancelled.

        Any money that Amana was holding for it goes back to the buyer.
    .sms = Amana: your deal "{ $deal_title }" with { $counterparty } has been cancelled. Any money held goes back to the buyer.

cancel_asked =
    .subject = { $counterparty } asks to call off: { $deal_title }
    .body =
        Hello { $name },

        { $counterparty } asks to call off your deal "{ $deal_title }".

        If you agree, the money that Amana is keeping for it goes back to the buyer. If you do not, the deal simply goes on.
    .sms = Amana: { $counterparty } asks to call off "{ $deal_title }". If you agree, the money goes back to the buyer.

deal_expired =
    .subject = Out of time: { $deal_title }
    .body =
        Hello { $name },

        Your deal "{ $deal_title }" with { $counterparty } ran out of time and is now closed.

        If you both still want it, simply propose it again.
    .sms = Amana: your deal "{ $deal_title }" with { $counterparty } ran out of time and is closed. You can propose it again.

deal_funded =
    .subject = Paid and safe: { $deal_title }
    .body =
        Hello { $name },

        { $amount } has been paid for "{ $deal_title }", and Amana is keeping it safe.

        The seller can now deliver. The money is released once the buyer has accepted the delivery.
    .sms = Amana: { $amount } has been paid for "{ $deal_title }" and is safe with us. The seller can now deliver.

milestone_delivered =
    .subject = Delivered, please check: { $milestone }
    .body =
        Hello { $name },

        { $counterparty } has marked "{ $milestone }" of "{ $deal_title }" as delivered.

        Please check it. If all is well, release { $amount } to the seller. If we hear nothing from you by { $deadline }, the money is released automatically.
    .sms = Amana: { $counterparty } delivered "{ $milestone }" of "{ $deal_title }". Check and release { $amount }; automatic on { $deadline }.

milestone_released =
    .subject = You have been paid { $amount }
    .body =
        Hello { $name },

        Good news: { $amount } for "{ $milestone }" of "{ $deal_title }" has been released to you.

        It is in your Amana balance, and you can withdraw it to M-Pesa at any time.
    .sms = Amana: you have been paid { $amount } for "{ $milestone }" of "{ $deal_title }". It is in your Amana balance.

milestone_refunded =
    .subject = { $amount } went back to the buyer
    .body =
        Hello { $name },

        { $amount } for "{ $milestone }" of "{ $deal_title }" went back to the buyer.

        The money is in the buyer's Amana balance.
    .sms = Amana: { $amount } for "{ $milestone }" of "{ $deal_title }" went back to the buyer's Amana balance.

deal_completed =
    .subject = Completed: { $deal_title }
    .body =
        Hello { $name },

        Your deal "{ $deal_title }" with { $counterparty } is complete. Everything has been delivered and paid.

        Thank you for trusting Amana.
    .sms = Amana: your deal "{ $deal_title }" with { $counterparty } is complete. Thank you for trusting Amana.
