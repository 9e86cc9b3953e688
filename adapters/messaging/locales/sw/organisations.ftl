# To an address that may have no account, so the greeting has no name.
invitation =
    .subject = { $counterparty } anakualika kujiunga na { $organisation }
    .body =
        Habari,

        { $counterparty } anakualika kufanya kazi kwa niaba ya { $organisation } kwenye Amana, ambako watu hununua na kuuza kwa usalama kwa pesa za simu.

        Ili kujibu, fungua Amana, chagua "Nina mwaliko" kisha weka mstari unaofuata.

        { $code }

        Mstari huu unatumika hadi { $deadline }. Tafadhali usimpe mtu yeyote. Kama humjui { $counterparty }, puuza ujumbe huu.
    .sms = { $counterparty } anakualika kujiunga na { $organisation } kwenye Amana. Tumekutumia barua pepe.

invitation_accepted =
    .subject = { $counterparty } amejiunga na { $organisation }
    .body =
        Habari { $name },

        { $counterparty } amekubali mwaliko wako na sasa ni mwanachama wa { $organisation }.

        Kama humjui mtu huyu, mwondoe kwenye { $organisation } mara moja.
    .sms = Amana: { $counterparty } amekubali mwaliko wako na sasa ni mwanachama wa { $organisation }.
