# Each message has a subject and a body for e-mail and one SMS text; variables are listed in src/catalogue.rs.

# Appended to the body of every e-mail.
footer =
    Amana
    Hatutawahi kukuomba PIN wala nenosiri lako. Usimpe mtu yeyote.

welcome =
    .subject = Karibu Amana, { $name }
    .body =
        Habari { $name },

        Karibu Amana. Ukinunua, pesa zako huhifadhiwa salama mpaka upokee ulicholipia. Ukiuza, unajua pesa zipo kabla hujakabidhi chochote.

        Akaunti yako iko tayari. Anza makubaliano yako ya kwanza wakati wowote upendao.
    .sms = Karibu Amana, { $name }! Pesa zako hukaa salama mpaka upokee ulicholipia. Hatutawahi kukuomba PIN yako.

new_device =
    .subject = Akaunti yako ya Amana imetumika kwenye kifaa kipya
    .body =
        Habari { $name },

        Mtu ameingia kwenye akaunti yako kwa nenosiri lako kupitia kifaa ambacho hatujakiona awali: { $device }, { $at }.

        Kama ni wewe, huhitaji kufanya chochote. Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Akaunti yako ya Amana imefunguliwa kwenye kifaa kipya: { $device }, { $at }. Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri.

session_reused =
    .subject = Tumekiondoa kifaa chako kimoja
    .body =
        Habari { $name },

        { $at } tulifunga kikao cha { $device }: ufunguo unaotumika mara moja tu ulionyeshwa mara mbili. Huenda ni hitilafu ya programu, au mtu ameunakili.

        Tafadhali ingia tena. Kama hukutumia programu wakati huo, badilisha nenosiri lako pia.
    .sms = Tumekiondoa { $device } kwenye akaunti yako ya Amana { $at }, kwa kuwa ufunguo wake ulionyeshwa mara mbili. Tafadhali ingia tena.
