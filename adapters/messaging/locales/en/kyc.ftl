kyc_submitted =
    .subject = We have your documents
    .body =
        Hello { $name },

        We have received your documents. Our team is checking them, and we will write to you as soon as that is done.

        If this was not you, please contact us right away.
    .sms = Amana: { $name }, we have received your documents and will write to you once they are checked. If this was not you, please contact us.

kyc_approved =
    .subject = Your documents are approved
    .body =
        Hello { $name },

        We have checked and approved your documents. Your new limits apply from now on.

        Thank you for taking the time.
    .sms = Amana: { $name }, your documents are approved. Your new limits apply from now on.

kyc_rejected =
    .subject = We could not approve your documents
    .body =
        Hello { $name },

        We have checked your documents and could not approve them. Your limits stay the same.

        { $reason }

        You can apply again with other documents whenever you like.
    .sms = Amana: we could not approve your documents. You can apply again whenever you like. { $reason }

tier_changed =
    .subject = Your Amana account has other limits
    .body =
        Hello { $name },

        Our team has given your account other limits: { $tier }. They apply from now on, and you can see them in the app.

        If you have questions, please contact us.
    .sms = Amana: { $name }, your account now has other limits: { $tier }. You can see them in the app.
