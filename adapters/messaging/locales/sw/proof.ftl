# Codes that prove whose an address, a number or an account is, and notices of what they changed. `code` is filled in when the message is sent.

verify_email =
    .subject = Namba ya kuthibitisha barua pepe hii
    .body =
        Habari,

        Namba yako ya uthibitisho ni { $code }. Iweke kwenye Amana kuthibitisha kwamba barua pepe hii ni yako. Inatumika kwa dakika 5.

        Kama hukuiomba, huna haja ya kufanya lolote. Usimwambie mtu yeyote namba hii; hatutawahi kukuomba.
    .sms = Amana: namba yako ya uthibitisho ni { $code }. Inathibitisha barua pepe yako, kwa dakika 5. Usimwambie mtu yeyote.

verify_phone =
    .subject = Namba ya kuthibitisha simu yako
    .body =
        Habari,

        Namba yako ya uthibitisho ni { $code }. Iweke kwenye Amana kuthibitisha kwamba namba hii ya simu ni yako. Inatumika kwa dakika 5.

        Kama hukuiomba, huna haja ya kufanya lolote. Usimwambie mtu yeyote namba hii; hatutawahi kukuomba.
    .sms = Amana: namba yako ya uthibitisho ni { $code }. Inathibitisha simu hii, kwa dakika 5. Usimwambie mtu yeyote.

reset_password =
    .subject = Namba ya kuweka nenosiri jipya
    .body =
        Habari,

        Namba yako ya uthibitisho ni { $code }. Iweke kwenye Amana ili kuweka nenosiri jipya. Inatumika kwa dakika 5.

        Kama hukuiomba, huna haja ya kufanya lolote: nenosiri lako halijabadilika. Usimwambie mtu yeyote namba hii; hatutawahi kukuomba.
    .sms = Amana: namba yako ya uthibitisho ni { $code }. Inaweka nenosiri jipya, kwa dakika 5. Usimwambie mtu. Si wewe? Ipuuze.

leave_email =
    .subject = Namba ya kubadilisha barua pepe yako
    .body =
        Habari { $name },

        Mtu anayejua nenosiri lako anataka akaunti yako iwe na barua pepe nyingine badala ya hii. Kama ni wewe, namba yako ya uthibitisho ni { $code }. Inatumika kwa dakika 5.

        Kama si wewe, usimwambie mtu yeyote namba hii na ubadilishe nenosiri lako mara moja.
    .sms = Amana: namba yako ya uthibitisho ni { $code }. Inabadilisha barua pepe, kwa dakika 5. Si wewe? Usimwambie mtu; badilisha nenosiri.

leave_phone =
    .subject = Namba ya kubadilisha simu yako
    .body =
        Habari { $name },

        Mtu anayejua nenosiri lako anataka akaunti yako iwe na namba nyingine ya simu badala ya hii. Kama ni wewe, namba yako ya uthibitisho ni { $code }. Inatumika kwa dakika 5.

        Kama si wewe, usimwambie mtu yeyote namba hii na ubadilishe nenosiri lako mara moja.
    .sms = Amana: namba yako ya uthibitisho ni { $code }. Inabadilisha namba ya simu, kwa dakika 5. Si wewe? Usimwambie mtu; badilisha nenosiri.

password_changed =
    .subject = Nenosiri lako limebadilishwa
    .body =
        Habari { $name },

        Nenosiri la akaunti yako ya Amana limebadilishwa sasa hivi. Umeondolewa kwenye vifaa vyote. Funguo zako za API, kama unazo, bado zinafanya kazi.

        Kama si wewe, omba nenosiri jipya mara moja na uwasiliane nasi.
    .sms = Amana: { $name }, nenosiri lako limebadilishwa. Si wewe? Omba jipya mara moja na uwasiliane nasi.

password_reset =
    .subject = Nenosiri jipya limewekwa
    .body =
        Habari { $name },

        Nenosiri jipya la akaunti yako ya Amana limewekwa sasa hivi, kwa namba tuliyokutumia. Umeondolewa kwenye vifaa vyote, hakuna kifaa kinachoaminiwa tena, na funguo zote za API zimefutwa. Tengeneza funguo mpya kwa programu zilizozitumia.

        Kama si wewe, omba nenosiri jipya mara moja na uwasiliane nasi.
    .sms = Amana: { $name }, nenosiri jipya limewekwa. Vifaa na funguo za API vimeondolewa. Si wewe? Wasiliana nasi mara moja.

account_exists =
    .subject = Tayari una akaunti ya Amana
    .body =
        Habari { $name },

        Mtu amejisajili Amana sasa hivi kwa barua pepe au namba hii ya simu. Tayari ni ya akaunti yako, kwa hiyo hakuna kilichobadilika.

        Kama ni wewe, ingia kwenye akaunti uliyo nayo; ukisahau nenosiri unaweza kuweka jipya. Kama si wewe, huhitaji kufanya lolote.
    .sms = Amana: { $name }, mtu amejisajili kwa anwani au namba yako. Tayari una akaunti: ingia humo. Si wewe? Puuza.

email_changed =
    .subject = Akaunti yako ina barua pepe nyingine
    .body =
        Habari { $name },

        Akaunti yako ya Amana sasa ina barua pepe nyingine, na barua pepe zetu zitakwenda huko. Kama ni wewe, hakuna la kufanya zaidi.

        Kama si wewe, wasiliana nasi mara moja.
    .sms = Amana: { $name }, akaunti yako sasa ina barua pepe nyingine. Si wewe? Wasiliana nasi mara moja.

phone_changed =
    .subject = Akaunti yako ina namba nyingine ya simu
    .body =
        Habari { $name },

        Akaunti yako ya Amana sasa ina namba nyingine ya simu, na SMS zetu zitakwenda huko. Kama ni wewe, hakuna la kufanya zaidi.

        Kama si wewe, wasiliana nasi mara moja.
    .sms = Amana: { $name }, akaunti yako sasa ina namba nyingine ya simu. Si wewe? Wasiliana nasi mara moja.

second_factor_code =
    .subject = Namba yako ya kuingia Amana
    .body =
        Habari { $name },

        Namba yako ya uthibitisho ni { $code }. Mtu ameweka nenosiri lako sasa hivi; kama ni wewe, weka namba hii pia. Inatumika kwa dakika 5.

        Kama si wewe, usimwambie mtu yeyote namba hii na ubadilishe nenosiri lako mara moja.
    .sms = Amana: namba yako ya uthibitisho ni { $code }, ya kuingia, kwa dakika 5. Si wewe? Usimwambie mtu; badilisha nenosiri.
