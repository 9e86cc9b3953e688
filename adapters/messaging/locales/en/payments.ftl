payment_requested =
    .subject = Approve { $amount } on your phone
    .body =
        Hello { $name },

        We have sent an M-Pesa request to your phone: { $amount } for "{ $deal_title }". Please approve the prompt there with your M-Pesa PIN.

        If you did not expect it, ignore the prompt; no money will be taken.
    .sms = Amana: approve the M-Pesa prompt on your phone to pay { $amount } for "{ $deal_title }". Not expecting it? Ignore it.

payment_failed =
    .subject = Your payment of { $amount } did not go through
    .body =
        Hello { $name },

        Your payment of { $amount } for "{ $deal_title }" did not go through.

        { $reason }
    .sms = Amana: your payment of { $amount } for "{ $deal_title }" did not go through. { $reason }

payment_review =
    .subject = We are checking your M-Pesa transaction of { $amount }
    .body =
        Hello { $name },

        Our team is checking your M-Pesa transaction of { $amount }, because its result is not clear yet.

        Your money is safe. Please do not try again; we will write to you as soon as it is settled.
    .sms = Amana: we are checking your M-Pesa transaction of { $amount }. Your money is safe. Please do not try again; we will update you soon.

deposit_received =
    .subject = { $amount } received
    .body =
        Hello { $name },

        We have received { $amount } from you by M-Pesa, and it is now in your Amana balance.

        { $receipt }
    .sms = Amana: we have received { $amount } from you. It is in your Amana balance. { $receipt }

deposit_failed =
    .subject = Your deposit of { $amount } did not go through
    .body =
        Hello { $name },

        Your deposit of { $amount } into your Amana balance did not go through.

        { $reason }
    .sms = Amana: your deposit of { $amount } did not go through. { $reason }

payment_matched =
    .subject = We have found your payment of { $amount }
    .body =
        Hello { $name },

        We received { $amount } earlier and did not know the payer. It is your payment, and it is now in your Amana balance.

        { $receipt }
    .sms = Amana: we have found your payment of { $amount }. It is in your Amana balance. { $receipt }
