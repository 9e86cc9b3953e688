# To an address that may have no account, so the greeting has no name.
invitation =
    .subject = { $counterparty } invites you to { $organisation }
    .body =
        Hello,

        { $counterparty } invites you to act for { $organisation } on Amana, where people buy and sell safely with mobile money.

        To answer, open Amana, choose "I have an invitation" and enter the following line.

        { $code }

        It is valid until { $deadline }. Please do not share it. If you do not know { $counterparty }, ignore this e-mail.
    .sms = { $counterparty } invites you to { $organisation } on Amana. We have sent you an e-mail.

invitation_accepted =
    .subject = { $counterparty } has joined { $organisation }
    .body =
        Hello { $name },

        { $counterparty } has accepted your invitation and is now a member of { $organisation }.

        If you do not know this person, remove them from { $organisation } right away.
    .sms = Amana: { $counterparty } has accepted your invitation and is now a member of { $organisation }.
