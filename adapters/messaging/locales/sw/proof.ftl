# Codes that verify a contact or an account, and notices of changes. `code` is filled in when the message is sent.

verify_email =
    .subject = Nambari ya kuthibitisha barua pepe hii
    .body =
        Habari,

        Nambari yako ya uthibitisho ni { $code }. Iweke kwenye Amana kuthibitisha kwamba barua pepe hii ni yako. Inatumika kwa dakika 5.

        Kama hukuiomba, puuza ujumbe huu. Usimwambie mtu yeyote nambari hii; hatutawahi kukuomba.
    .sms = Amana: nambari yako ya uthibitisho ni { $code }. Inathibitisha barua pepe yako, kwa dakika 5. Usimwambie mtu yeyote.

verify_phone =
    .subject = Nambari ya kuthibitisha simu yako
    .body =
        Habari,

        Nambari yako ya uthibitisho ni { $code }. Iweke kwenye Amana kuthibitisha kwamba nambari hii ya simu ni yako. Inatumika kwa dakika 5.

        Kama hukuiomba, puuza ujumbe huu. Usimwambie mtu yeyote nambari hii; hatutawahi kukuomba.
    .sms = Amana: nambari yako ya uthibitisho ni { $code }. Inathibitisha simu hii, kwa dakika 5. Usimwambie mtu yeyote.

reset_password =
    .subject = Nambari ya kuweka nenosiri jipya
    .body =
        Habari,

        Nambari yako ya uthibitisho ni { $code }. Iweke kwenye Amana ili kuweka nenosiri jipya. Inatumika kwa dakika 5.

        Kama hukuiomba, puuza ujumbe huu; nenosiri lako halijabadilika. Usimwambie mtu yeyote nambari hii; hatutawahi kukuomba.
    .sms = Amana: nambari yako ya uthibitisho ni { $code }. Inaweka nenosiri jipya, kwa dakika 5. Usimwambie mtu. Si wewe? Ipuuze.

leave_email =
    .subject = Nambari ya kubadilisha barua pepe yako
    .body =
        Habari { $name },

        Tumepata ombi, kwa nenosiri lako, la kuweka barua pepe nyingine badala ya hii kwenye akaunti yako. Kama ni wewe, nambari yako ya uthibitisho ni { $code }. Inatumika kwa dakika 5.

        Kama si wewe, usimwambie mtu yeyote nambari hii na ubadilishe nenosiri lako mara moja.
    .sms = Amana: nambari yako ya uthibitisho ni { $code }. Inabadilisha barua pepe, kwa dakika 5. Si wewe? Usimwambie mtu; badilisha nenosiri.

leave_phone =
    .subject = Nambari ya kubadilisha simu yako
    .body =
        Habari { $name },

        Tumepata ombi, kwa nenosiri lako, la kuweka nambari nyingine ya simu badala ya hii kwenye akaunti yako. Kama ni wewe, nambari yako ya uthibitisho ni { $code }. Inatumika kwa dakika 5.

        Kama si wewe, usimwambie mtu yeyote nambari hii na ubadilishe nenosiri lako mara moja.
    .sms = Amana: nambari yako ya uthibitisho ni { $code }. Inabadilisha nambari ya simu, kwa dakika 5. Si wewe? Usimwambie mtu; badilisha nenosiri.

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

        Nenosiri jipya la akaunti yako ya Amana limewekwa sasa hivi, kwa nambari tuliyokutumia. Umeondolewa kwenye vifaa vyote, hakuna kifaa kinachoaminiwa tena, na funguo zote za API zimefutwa. Tengeneza funguo mpya kwa programu zilizozitumia.

        Kama si wewe, omba nenosiri jipya tena mara moja na uwasiliane nasi.
    .sms = Amana: { $name }, nenosiri jipya limewekwa. Vifaa na funguo za API vimeondolewa. Si wewe? Wasiliana nasi mara moja.

account_exists =
    .subject = Tayari una akaunti ya Amana
    .body =
        Habari { $name },

        Barua pepe au nambari hii ya simu imetumika sasa hivi kujisajili Amana. Tayari ni ya akaunti yako, kwa hivyo hakuna kilichobadilika.

        Kama ni wewe, ingia kwenye akaunti yako. Ukisahau nenosiri, unaweza kuweka jipya. Kama si wewe, puuza ujumbe huu.
    .sms = Amana: { $name }, tayari una akaunti yenye anwani au nambari hii. Ingia humo; hakuna kilichobadilika. Si wewe? Puuza.

email_changed =
    .subject = Akaunti yako ina barua pepe nyingine
    .body =
        Habari { $name },

        Akaunti yako ya Amana sasa ina barua pepe nyingine, na barua pepe zetu zitakwenda huko. Kama ni wewe, huhitaji kufanya chochote.

        Kama si wewe, wasiliana nasi mara moja.
    .sms = Amana: { $name }, akaunti yako sasa ina barua pepe nyingine. Si wewe? Wasiliana nasi mara moja.

phone_changed =
    .subject = Akaunti yako ina nambari nyingine ya simu
    .body =
        Habari { $name },

        Akaunti yako ya Amana sasa ina nambari nyingine ya simu, na SMS zetu zitakwenda huko. Kama ni wewe, huhitaji kufanya chochote.

        Kama si wewe, wasiliana nasi mara moja.
    .sms = Amana: { $name }, akaunti yako sasa ina nambari nyingine ya simu. Si wewe? Wasiliana nasi mara moja.

second_factor_code =
    .subject = Nambari yako ya kuingia Amana
    .body =
        Habari { $name },

        Nambari yako ya uthibitisho ni { $code }. Nenosiri lako limewekwa sasa hivi. Kama ni wewe, weka nambari hii pia. Inatumika kwa dakika 5.

        Kama si wewe, usimwambie mtu yeyote nambari hii na ubadilishe nenosiri lako mara moja.
    .sms = Amana: nambari yako ya uthibitisho ni { $code }, ya kuingia, kwa dakika 5. Si wewe? Usimwambie mtu; badilisha nenosiri.
