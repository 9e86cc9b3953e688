# Sentences that fill a variable of another text; src/catalogue.rs lists them. They are short, because an SMS contains them.

receipt = M-Pesa receipt: { $receipt }

explanation = Reason: { $reason }

place = Place: { $place }

# To a payer: why the payment failed and what to do next.
payment_failure =
    .cancelled_by_payer = It was cancelled on your phone. To pay, try again and enter your PIN.
    .no_answer = The prompt was not answered. Unlock your phone, then try again.
    .insufficient_funds = Your M-Pesa balance was too low. Top up, then try again.
    .wrong_pin = The M-Pesa PIN was wrong. Try again with the right PIN.
    .limit_exceeded = It is above your M-Pesa limit. Ask M-Pesa, or try again tomorrow.
    .payer_locked = Your M-Pesa was busy or locked. Wait a few minutes, or ask M-Pesa.
    .recipient_invalid = M-Pesa did not know the recipient. Please contact us.
    .rejected = M-Pesa declined the request; this is not your fault. Try again later.
    .never_happened = M-Pesa has no record of it. If money left your phone, contact us.
    .not_reached = M-Pesa could not be reached; nothing was taken. You can pay again now.
    .unknown = You can try again whenever you are ready.

# To the recipient of a payout. The payer is Amana, so a low balance or a wrong PIN is our problem.
payout_failure =
    .cancelled_by_payer = M-Pesa cancelled it. You can try again whenever you are ready.
    .no_answer = M-Pesa did not answer in time. Please try again a little later.
    .insufficient_funds = M-Pesa could not pay out just now. Please try again later.
    .wrong_pin = The problem is on our side, not yours. Please try again later.
    .limit_exceeded = Your M-Pesa limits do not allow it. Try less, or try again tomorrow.
    .payer_locked = The problem is on our side, not yours. Please try again later.
    .recipient_invalid = The number cannot receive M-Pesa. Check it, then try again.
    .rejected = M-Pesa declined it; this is not your fault. Please try again later.
    .never_happened = M-Pesa has no record of it. You can try again when you are ready.
    .not_reached = M-Pesa could not be reached. You can try again.
    .unknown = You can try again whenever you are ready.

link = Open { $link }

# A part of a deal, and the deal.
part = "{ $milestone }" of "{ $deal_title }"
whole = "{ $deal_title }"

# Stand-ins for values that are missing or invisible: the message is sent nevertheless.
stand_in =
    .name = customer
    .counterparty = the other party
    .deal_title = your deal
    .milestone = a part of your deal
    .amount = the amount shown in Amana
    .left = the rest shown in Amana
    .price = the price shown in Amana
    .fee = the fee shown in Amana
    .for_seller = a part
    .for_buyer = the rest
    .deadline = the time shown in Amana
    .at = the time shown in Amana
    .device = an unknown device
    .organisation = an organisation
    .tier = those shown in Amana
    .key = unnamed
