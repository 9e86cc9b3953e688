kyc_submitted =
    .subject = We have your documents
    .body =
        Hello { $name },

        We have received your documents. Our team looks at them and we will write to you as soon as that is done.

        If this was not you, please contact us right away.
    .sms = Amana: { $name }, we have received your documents and will write to you once they are checked. If this was not you, please contact us.

kyc_approved =
    .subject = Your documents are approved
    .body =
        Hello { $name },

        We have checked your documents and all is well. Your new limits count from now on.

        Thank you for taking the time.
    .sms = Amana: { $name }, your documents are approved. Your new limits count from now on.

kyc_rejected =
    .subject = We could not approve your documents
    .body =
        Hello { $name },

        We have checked your documents and could not approve them. Your limits stay as they are.

        { $reason }

        You can apply again with other documents whenever you like.
    .sms = Amana: we could not approve your documents. You can apply again whenever you like. { $reason }

tier_changed =
    .subject = Your Amana account has other limits now
    .body =
        Hello { $name },

        Our team has put your account on other limits: { $tier }. They count from now on, and you find them in the app.

        If you have questions, please write to us.
    .sms = Amana: { $name }, your account has other limits now: { $tier }. You find them in the app.
