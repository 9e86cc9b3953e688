# To an address of which we know nobody: the only greeting without a name.
invitation =
    .subject = { $counterparty } invites you to { $organisation }
    .body =
        Hello,

        { $counterparty } invites you to work in the name of { $organisation } on Amana, where people buy and sell safely with mobile money.

        To answer, open Amana, choose "I have an invitation" and enter the line that follows.

        { $code }

        It is good until { $deadline }. Please give it to nobody. If you do not know { $counterparty }, you need not do anything.
    .sms = { $counterparty } invites you to { $organisation } on Amana. We have sent you an e-mail.

invitation_accepted =
    .subject = { $counterparty } has joined { $organisation }
    .body =
        Hello { $name },

        { $counterparty } has accepted your invitation and belongs to { $organisation } now.

        If you do not know this person, remove them from { $organisation } right away.
    .sms = Amana: { $counterparty } has accepted your invitation and belongs to { $organisation } now.
