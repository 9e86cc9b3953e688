payment_requested =
    .subject = Approve { $amount } on your phone
    .body =
        Hello { $name },

        We have sent an M-Pesa request to your phone: { $amount } for "{ $deal_title }". Please approve the prompt there with your M-Pesa PIN.

        If you were not expecting it, ignore the prompt and nothing will be taken.
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

        Something about your M-Pesa transaction of { $amount } needs a closer look, and our team is on it.

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
    .subject = { $amount } that we received is yours
    .body =
        Hello { $name },

        We had received { $amount } and did not know from whom. We have found that it is yours, and it is now in your Amana balance.

        { $receipt }
    .sms = Amana: { $amount } that we had received is yours. It is in your Amana balance. { $receipt }
