hold_created =
    .subject = Umemtengea { $counterparty } { $amount }
    .body =
        Habari { $name },

        { $amount } za salio lako la Amana zimetengwa kwa ajili ya { $counterparty } hadi { $deadline }. Zikikosa kuchukuliwa kufikia wakati huo, zitarudi kwako.

        Kama si wewe uliyefanya hivyo, tafadhali wasiliana nasi mara moja.
    .sms = Amana: umemtengea { $counterparty } { $amount } hadi { $deadline }. Kama si wewe, wasiliana nasi mara moja.

hold_received =
    .subject = { $counterparty } amekutengea { $amount }
    .body =
        Habari { $name },

        { $counterparty } amekutengea { $amount } hadi { $deadline }. Unaweza kuzichukua kidogo kidogo au zote, au kuzirudisha.

        Pesa ambazo hujachukua kufikia wakati huo zitarudi kwa { $counterparty }.
    .sms = Amana: { $counterparty } amekutengea { $amount }. Zichukue kabla ya { $deadline }, la sivyo zitarudi.

hold_settled =
    .subject = { $counterparty } amechukua { $amount } ulizotenga
    .body =
        Habari { $name },

        { $counterparty } amechukua { $amount } kati ya pesa ulizomtengea.

        Ukiona si sahihi, tafadhali zungumza kwanza na { $counterparty }. Unaweza pia kuwasiliana nasi.
    .sms = Amana: { $counterparty } amechukua { $amount } kati ya pesa ulizomtengea.

hold_released =
    .subject = { $amount } zimerudi kwenye salio lako
    .body =
        Habari { $name },

        { $counterparty } amerudisha { $amount } ulizokuwa umetenga. Ziko tena kwenye salio lako la Amana.
    .sms = Amana: { $counterparty } amerudisha { $amount } ulizokuwa umetenga. Ziko tena kwenye salio lako la Amana.

hold_expired =
    .subject = Muda wa { $amount } zilizotengwa umeisha
    .body =
        Habari { $name },

        Muda wa pesa zilizotengwa kati yako na { $counterparty } umeisha. { $amount } hazikuchukuliwa na zimerudi kwa aliyezitenga.
    .sms = Amana: muda wa pesa zilizotengwa kati yako na { $counterparty } umeisha. { $amount } zimerudi kwa aliyezitenga.
