deal_proposed =
    .subject = { $counterparty } has proposed a deal: { $deal_title }
    .body =
        Hello { $name },

        { $counterparty } has proposed a deal with you on Amana: "{ $deal_title }" for { $amount }.

        Please read it and answer by { $deadline }. No money moves until you have both agreed.
    .sms = Amana: { $counterparty } proposes "{ $deal_title }" for { $amount }. Please answer by { $deadline }.

deal_agreed =
    .subject = Agreed: { $deal_title }
    .body =
        Hello { $name },

        You and { $counterparty } have agreed on "{ $deal_title }" for { $amount }.

        { $next }
    .sms = Amana: you and { $counterparty } agreed on "{ $deal_title }" for { $amount }. { $next }

deal_cancelled =
    .subject = Cancelled: { $deal_title }
    .body =
        Hello { $name },

        Your deal "{ $deal_title }" with { $counterparty } has been cancelled.

        Any money that Amana was keeping for it goes back to the payer.
    .sms = Amana: your deal "{ $deal_title }" with { $counterparty } has been cancelled. Any money held goes back to the payer.

cancellation_requested =
    .subject = { $counterparty } asks to cancel: { $deal_title }
    .body =
        Hello { $name },

        { $counterparty } asks to cancel your deal "{ $deal_title }".

        If you agree, the money that Amana is keeping for it goes back to the payer. If you do not agree, the deal goes on.
    .sms = Amana: { $counterparty } asks to cancel "{ $deal_title }". If you agree, the money goes back to the payer.

deal_expired =
    .subject = Time is up: { $deal_title }
    .body =
        Hello { $name },

        Your deal "{ $deal_title }" with { $counterparty } is closed. { $ended }

        If you both still want it, make a new deal.
    .sms = Amana: your deal "{ $deal_title }" with { $counterparty } is closed. { $ended }

deal_funded =
    .subject = Paid and safe: { $deal_title }
    .body =
        Hello { $name },

        { $amount } has been paid for "{ $deal_title }", and Amana is keeping it safe.

        { $next }
    .sms = Amana: { $amount } has been paid for "{ $deal_title }" and is safe with us. { $next }

milestone_delivered =
    .subject = Delivered, please check: { $milestone }
    .body =
        Hello { $name },

        { $counterparty } has marked { $part } as delivered.

        Please check it. If it is right, release { $amount } to the seller.

        If it is not right, do not release the money: ask the seller to do it again, or open a dispute, before { $deadline }. If you do nothing by then, the seller is paid automatically.
    .sms = Amana: { $counterparty } delivered "{ $milestone }". OK? Release { $amount }. Problem? Open a dispute by { $deadline }, or it is paid out.

milestone_released =
    .subject = You have been paid { $amount }
    .body =
        Hello { $name },

        Good news: { $amount } for { $part } has been released to you. { $why }

        The price was { $price }, less { $fee } in fees. The money is in your Amana balance, and you can withdraw it to M-Pesa at any time.
    .sms = Amana: you have been paid { $amount } for { $part }. It is in your Amana balance.

milestone_refunded =
    .subject = { $amount } is back in your balance: { $milestone }
    .body =
        Hello { $name },

        { $amount } for { $part } is back in your Amana balance. { $why }

        You can withdraw it to M-Pesa at any time.
    .sms = Amana: { $amount } for "{ $milestone }" is back in your Amana balance. { $why }

deal_countered =
    .subject = { $counterparty } has made another offer: { $deal_title }
    .body =
        Hello { $name },

        { $counterparty } has made another offer for "{ $deal_title }": { $amount } in all.

        Amana shows what is different. Please answer by { $deadline }. No money moves until you have both agreed.
    .sms = Amana: { $counterparty } made another offer for "{ $deal_title }": { $amount }. Please answer by { $deadline }.

deal_invitation =
    .subject = { $counterparty } invites you to a deal: { $deal_title }
    .body =
        Hello,

        { $counterparty } would like to make a deal with you through Amana: "{ $deal_title }" for { $amount }.

        Amana keeps the buyer's money safe until everything has been delivered. Sign up with this address and confirm it to see the deal. If you already have an account with this address, join with the following code.

        { $code }

        { $link }

        The offer ends on { $deadline }. After that, ask { $counterparty } for a new one. Please do not share the code. If you do not know what this is about, ignore this e-mail.
    .sms = Amana: { $counterparty } invites you to "{ $deal_title }" for { $amount }. Sign up with this number. Code { $code } until { $deadline }. { $link }

deal_joined =
    .subject = { $counterparty } has joined: { $deal_title }
    .body =
        Hello { $name },

        { $counterparty } has accepted your invitation and can see the deal "{ $deal_title }" now.

        If this is the wrong person, cancel the deal before you both agree.
    .sms = Amana: { $counterparty } has accepted your invitation to "{ $deal_title }".

broker_agreed =
    .subject = Agreed: { $deal_title }
    .body =
        Hello { $name },

        Both sides have agreed on "{ $deal_title }", which you arranged.

        Your commission is { $amount }. You get a part of it each time the seller is paid.
    .sms = Amana: both sides have agreed on "{ $deal_title }". Your commission is { $amount }.

broker_paid =
    .subject = Your commission: { $amount }
    .body =
        Hello { $name },

        The seller has been paid for { $part }, and your commission is { $amount }.

        It is in your Amana balance.
    .sms = Amana: { $amount } commission for { $part } is in your Amana balance.

payer_added =
    .subject = { $counterparty } asks you to help pay: { $deal_title }
    .body =
        Hello { $name },

        { $counterparty } is buying "{ $deal_title }" for { $amount } and asks you to pay for all or part of it.

        You decide whether you pay. If the deal does not go ahead, your money comes back to you.
    .sms = Amana: { $counterparty } asks you to help pay for "{ $deal_title }" ({ $amount }). You decide whether you pay.

deal_paid_in_part =
    .subject = { $amount } has been paid for { $deal_title }
    .body =
        Hello { $name },

        { $amount } has been paid for "{ $deal_title }". Amana is keeping it safe; { $left } is still to be paid.

        If the rest is not paid in time, all payments go back to the payers.
    .sms = Amana: { $amount } has been paid for "{ $deal_title }"; { $left } is still to be paid.

payment_returned =
    .subject = { $amount } is back in your balance
    .body =
        Hello { $name },

        The deal "{ $deal_title }" did not go ahead. The { $amount } that you paid for it is back in your Amana balance.
    .sms = Amana: "{ $deal_title }" did not go ahead. The { $amount } that you paid is back in your Amana balance.

milestone_rejected =
    .subject = Please do it again: { $milestone }
    .body =
        Hello { $name },

        { $counterparty } did not accept { $part } and asks you to do it again. { $reason }

        Please deliver it again by { $deadline }. If you think that it was right, you can open a dispute.
    .sms = Amana: { $counterparty } did not accept { $part }. Deliver again by { $deadline }, or open a dispute.

milestone_split =
    .subject = { $milestone } has been divided
    .body =
        Hello { $name },

        The money for { $part } has been divided: after fees, { $for_seller } for the seller and { $for_buyer } back to the buyer's side. { $why }

        Your part, { $amount }, is in your Amana balance.
    .sms = Amana: the money for "{ $milestone }" has been divided. Your part: { $amount }. { $why }

split_offered =
    .subject = { $counterparty } offers to divide: { $milestone }
    .body =
        Hello { $name },

        { $counterparty } offers to divide the money for { $part }: the seller gets { $amount }, and the rest goes back.

        If you accept, the money is divided at once. If you do not accept, nothing changes.
    .sms = Amana: { $counterparty } offers to divide the money for { $part }: { $amount } for the seller.

dispute_opened =
    .subject = A dispute about { $milestone }
    .body =
        Hello { $name },

        { $counterparty } has opened a dispute about { $part }. { $reason }

        The money for this part is locked. Please answer by { $deadline }. If you do not answer, { $counterparty } gets the money.
    .sms = Amana: { $counterparty } opened a dispute about { $part }. Answer by { $deadline } or you lose it.

dispute_answered =
    .subject = The dispute about { $milestone } goes to an arbiter
    .body =
        Hello { $name },

        The dispute about { $part } has been answered. An arbiter from Amana decides by { $deadline }.

        Until then you can still add evidence, or agree on a solution with the other side.
    .sms = Amana: the dispute about { $part } goes to an arbiter, who decides by { $deadline }.

dispute_awarded =
    .subject = The arbiter has decided about { $milestone }
    .body =
        Hello { $name },

        The arbiter has decided about { $part }: { $for_seller } goes to the seller, and { $for_buyer } goes back to the buyer's side. { $reason }

        After fees, { $amount } is in your Amana balance.
    .sms = Amana: the arbiter decided about "{ $milestone }": { $for_seller } to the seller, { $for_buyer } back. You got { $amount }.

extension_requested =
    .subject = { $counterparty } asks for more time: { $deal_title }
    .body =
        Hello { $name },

        { $counterparty } asks for more time for "{ $deal_title }": until { $deadline }.

        If you agree, the deadline is moved. If you do not agree, it stays the same.
    .sms = Amana: { $counterparty } asks for more time for "{ $deal_title }": until { $deadline }.

deadline_extended =
    .subject = More time: { $deal_title }
    .body =
        Hello { $name },

        You have both agreed: the deadline of "{ $deal_title }" is now { $deadline }.
    .sms = Amana: the deadline of "{ $deal_title }" is now { $deadline }.

deadline_near =
    .subject = Waiting for you: { $deal_title }
    .body =
        Hello { $name },

        "{ $deal_title }" waits for you until { $deadline }. { $silence }
    .sms = Amana: "{ $deal_title }" waits for you until { $deadline }. { $silence }

silence =
    .acceptance = Please answer the offer. Without an answer, the deal ends.
    .funding = Please pay. If it is not paid in time, the deal ends and payments go back.
    .delivery = Please deliver. Otherwise the buyer gets the money back.
    .inspection = Check the delivery. Problem? Open a dispute, or the seller is paid.
    .answer = Please answer the dispute. Without an answer, the other side gets the money.
    .unknown = Please look at it in Amana.

deal_completed =
    .subject = Completed: { $deal_title }
    .body =
        Hello { $name },

        Your deal "{ $deal_title }" with { $counterparty } is complete. { $outcome }

        Thank you for trusting Amana.
    .sms = Amana: your deal "{ $deal_title }" with { $counterparty } is complete. { $outcome }

# The next step of the reader, by their side.
agreed_next =
    .buyer = Next, pay it into Amana. It is safe until all is delivered.
    .seller = Next, the buyer pays. Deliver when we say it is paid.
    .unknown = Next, the buyer pays into Amana.

# Which deadline passed.
ended =
    .proposed = The offer was not accepted in time.
    .agreed = It was not paid in time. Money already paid is back with the payer.
    .unknown = Its time is up.

funded_next =
    .buyer = The seller can now deliver. Check it before you release the money.
    .seller = You can deliver now. You are paid when the buyer accepts it.
    .payer = The seller can now deliver.
    .unknown = The seller can now deliver.

seller_paid =
    .subject = { $counterparty } has been paid: { $milestone }
    .body =
        Hello { $name },

        { $counterparty } has been paid { $amount } for { $part }. { $why }

        If you think that this is wrong, please contact us.
    .sms = Amana: { $counterparty } has been paid { $amount } for "{ $milestone }". { $why }

buyer_refunded =
    .subject = { $amount } went back: { $milestone }
    .body =
        Hello { $name },

        { $amount } for { $part } went back to the buyer's side. { $why }

        If you think that this is wrong, please contact us.
    .sms = Amana: { $amount } for "{ $milestone }" went back to the buyer's side. { $why }

# Why money moved, in a sentence that both sides can read.
why =
    .buyer = The buyer accepted the delivery.
    .seller = The seller refunded it.
    .agreement = You both agreed to it.
    .called_off = You both cancelled the deal.
    .award = An arbiter decided this.
    .no_objection = The buyer did not object in time.
    .not_delivered = It was not delivered in time.
    .not_answered = The dispute was not answered in time.
    .no_award = No arbiter decided in time.

outcome =
    .released = Everything was delivered, and the seller has been paid.
    .refunded = The money is back with the payer.
    .divided = A part went to the seller, the rest back to the payer.
    .unknown = Nothing is left to do.

delivery_code =
    .subject = Your hand-over code for { $milestone }
    .body =
        Hello { $name },

        Your hand-over code for { $part } is { $code }.

        Give it to { $counterparty } only when you have the goods and they are right: the code proves that you received them.
    .sms = Amana: hand-over code for "{ $milestone }": { $code }. Give it to the seller only when you have the goods.
