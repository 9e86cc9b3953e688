withdrawal_requested =
    .subject = Your withdrawal of { $amount }
    .body =
        Hello { $name },

        We have received your request to withdraw { $amount } to M-Pesa. It usually takes a few minutes, and we will write to you once it is done.

        If this was not you, please contact us right away.
    .sms = Amana: we have your request to withdraw { $amount } to M-Pesa. If this was not you, please contact us right away.

withdrawal_held =
    .subject = We are checking your withdrawal of { $amount }
    .body =
        Hello { $name },

        Your withdrawal of { $amount } is waiting for a short safety check by our team.

        Your money is safe and there is nothing you need to do. We will write to you as soon as the check is done.
    .sms = Amana: your withdrawal of { $amount } is waiting for a short safety check. Your money is safe; we will update you soon.

withdrawal_rejected =
    .subject = We could not approve your withdrawal of { $amount }
    .body =
        Hello { $name },

        We could not approve your withdrawal of { $amount }.

        { $reason }

        The full amount is back in your Amana balance. If you have questions, please contact us.
    .sms = Amana: we could not approve your withdrawal of { $amount }. The money is back in your Amana balance. { $reason }

withdrawal_paid =
    .subject = { $amount } has been sent to your M-Pesa
    .body =
        Hello { $name },

        We have sent { $amount } to your M-Pesa.

        { $receipt }
    .sms = Amana: we have sent { $amount } to your M-Pesa. { $receipt }

withdrawal_failed =
    .subject = Your withdrawal of { $amount } did not go through
    .body =
        Hello { $name },

        M-Pesa could not complete your withdrawal of { $amount }. The full amount is back in your Amana balance.

        { $reason }
    .sms = Amana: { $amount } could not be sent to your M-Pesa and is back in your balance. { $reason }

withdrawal_expired =
    .subject = Your withdrawal of { $amount } was not made
    .body =
        Hello { $name },

        Your withdrawal of { $amount } waited for a safety check that was not finished in time, so it was not made.

        The full amount is back in your Amana balance. You can request the withdrawal again. We are sorry for the delay.
    .sms = Amana: your withdrawal of { $amount } was not checked in time and was not made. The money is back in your Amana balance.
