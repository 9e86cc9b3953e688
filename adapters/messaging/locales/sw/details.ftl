# Sentences that fill a variable of another text; src/catalogue.rs lists them. They are short, because an SMS contains them.

receipt = Risiti ya M-Pesa: { $receipt }

explanation = Sababu: { $reason }

place = Mahali: { $place }

# To a payer: why the payment failed and what to do next.
payment_failure =
    .cancelled_by_payer = Yalighairiwa kwenye simu yako. Kulipa, jaribu tena na uweke PIN yako.
    .no_answer = Ombi halikujibiwa. Fungua simu yako, kisha ujaribu tena.
    .insufficient_funds = Salio lako la M-Pesa halikutosha. Ongeza pesa, kisha ujaribu tena.
    .wrong_pin = PIN ya M-Pesa haikuwa sahihi. Jaribu tena kwa PIN sahihi.
    .limit_exceeded = Kiasi kimepita kiwango chako cha M-Pesa. Uliza M-Pesa au ujaribu kesho.
    .payer_locked = M-Pesa yako ina shughuli au imefungwa. Subiri kidogo au uulize M-Pesa.
    .recipient_invalid = M-Pesa haikumtambua mpokeaji. Tafadhali wasiliana nasi.
    .rejected = M-Pesa ilikataa ombi; si kosa lako. Jaribu tena baadaye.
    .never_happened = M-Pesa haina rekodi ya malipo haya. Kama pesa zilitoka, wasiliana nasi.
    .not_reached = M-Pesa haikupatikana; hakuna pesa zilizotolewa. Unaweza kulipa tena sasa.
    .unknown = Unaweza kujaribu tena ukiwa tayari.

# To the recipient of a payout. The payer is Amana, so a low balance or a wrong PIN is our problem.
payout_failure =
    .cancelled_by_payer = M-Pesa ilighairi ombi. Unaweza kujaribu tena ukiwa tayari.
    .no_answer = M-Pesa haikujibu kwa wakati. Tafadhali jaribu tena baadaye kidogo.
    .insufficient_funds = M-Pesa haikuweza kulipa kwa sasa. Tafadhali jaribu tena baadaye.
    .wrong_pin = Tatizo liko upande wetu, si kosa lako. Tafadhali jaribu baadaye.
    .limit_exceeded = Kiwango chako cha M-Pesa hakiruhusu. Jaribu kiasi kidogo, au kesho.
    .payer_locked = Tatizo liko upande wetu, si kosa lako. Tafadhali jaribu baadaye.
    .recipient_invalid = Nambari hiyo haiwezi kupokea M-Pesa. Ikague, kisha ujaribu tena.
    .rejected = M-Pesa ilikataa ombi; si kosa lako. Tafadhali jaribu tena baadaye.
    .never_happened = M-Pesa haina rekodi ya ombi. Unaweza kujaribu tena ukiwa tayari.
    .not_reached = M-Pesa haikupatikana. Unaweza kujaribu tena.
    .unknown = Unaweza kujaribu tena ukiwa tayari.

link = Fungua { $link }

# A part of a deal, and the deal.
part = "{ $milestone }" ya "{ $deal_title }"
whole = "{ $deal_title }"

# Stand-ins for values that are missing or invisible: the message is sent nevertheless.
stand_in =
    .name = mteja
    .counterparty = mhusika mwingine
    .deal_title = makubaliano yako
    .milestone = sehemu ya makubaliano yako
    .amount = kiasi kilicho kwenye Amana
    .left = kiasi kilichobaki
    .price = bei iliyo kwenye Amana
    .fee = ada iliyo kwenye Amana
    .for_seller = sehemu
    .for_buyer = zilizobaki
    .deadline = muda ulio kwenye Amana
    .at = muda ulio kwenye Amana
    .device = kifaa kisichojulikana
    .organisation = shirika
    .tier = iliyo kwenye Amana
    .key = bila jina
