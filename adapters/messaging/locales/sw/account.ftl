# Each message has a subject and a body for e-mail and one SMS text; variables are listed in src/catalogue.rs.

# Appended to the body of every e-mail.
footer =
    Amana
    Hatutawahi kukuomba PIN wala nenosiri lako. Usimpe mtu yeyote.

# Lines above the footer, where the operators have set what they tell.
open_amana = Fungua Amana: { $link }
contact_us = Una swali, au kuna shida? Wasiliana nasi: { $contact }

welcome =
    .subject = Karibu Amana
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

        { $place }

        Kama ni wewe, huhitaji kufanya chochote. Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Akaunti yako ya Amana imefunguliwa kwenye kifaa kipya: { $device }, { $at }. Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri.

session_reused =
    .subject = Tumekiondoa kifaa chako kimoja
    .body =
        Habari { $name },

        { $at } tulifunga kikao cha { $device }: ufunguo unaotumika mara moja tu ulionyeshwa mara mbili. Huenda ni hitilafu ya programu, au mtu ameunakili.

        Tafadhali ingia tena. Kama hukutumia programu wakati huo, badilisha nenosiri lako pia.
    .sms = Tumekiondoa { $device } kwenye akaunti yako ya Amana { $at }, kwa kuwa ufunguo wake ulionyeshwa mara mbili. Tafadhali ingia tena.

device_trusted =
    .subject = Umekiamini kifaa kwa akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } mtu aliingia kwenye akaunti yako kwa uthibitisho wa pili na akachagua kukiamini kifaa hiki: { $device }. Kwa siku 30 nenosiri lako linatosha kuingia kupitia kifaa hicho.

        Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa: hapo hakuna kifaa kitakachoaminiwa tena.
    .sms = Kifaa { $device } kimeaminiwa kwa akaunti yako ya Amana { $at }. Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri.

factor_added =
    .subject = Akaunti yako ya Amana sasa ina uthibitisho wa pili
    .body =
        Habari { $name },

        { $at } uthibitisho wa pili uliongezwa kwenye akaunti yako: anayeingia huonyesha pia namba ya uthibitisho. Weka namba zako za akiba mahali unapoweza kuzipata bila simu yako.

        Kama si wewe, ondoka kwenye vifaa vyote, badilisha nenosiri lako sasa, na utuandikie.
    .sms = Uthibitisho wa pili umeongezwa kwenye akaunti yako ya Amana { $at }. Kama si wewe, badilisha nenosiri lako sasa.

factor_removed =
    .subject = Uthibitisho wa pili wa akaunti yako ya Amana umeondolewa
    .body =
        Habari { $name },

        { $at } uthibitisho wa pili wa akaunti yako uliondolewa. Kuanzia sasa nenosiri lako linatosha kuingia, na namba zako za akiba hazitumiki tena.

        Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Uthibitisho wa pili wa akaunti yako ya Amana umeondolewa { $at }. Kama si wewe, badilisha nenosiri lako sasa.

factor_locked =
    .subject = Namba zisizo sahihi kwa akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } namba ya tano mfululizo isiyo sahihi ilionyeshwa kwa akaunti yako. Kwa dakika 15 hakuna namba itakayokubaliwa.

        Kama ni wewe, subiri kisha ujaribu tena. Kama si wewe, kuna mtu anayejua nenosiri lako: libadilishe sasa.
    .sms = Namba tano zisizo sahihi kwa akaunti yako ya Amana, { $at }. Kama si wewe, kuna mtu anayejua nenosiri lako: libadilishe sasa.

backup_code_used =
    .subject = Namba ya akiba ya akaunti yako ya Amana imetumika
    .body =
        Habari { $name },

        { $at } namba ya akiba ilionyeshwa badala ya namba yako ya kawaida. Haitumiki tena. Zilizobaki: { $left }.

        Kama si wewe, ondoka kwenye vifaa vyote, badilisha nenosiri lako na utengeneze namba mpya za akiba sasa.
    .sms = Namba ya akiba ya akaunti yako ya Amana imetumika { $at }; zimebaki { $left }. Kama si wewe, badilisha nenosiri lako sasa.

factor_recovery_asked =
    .subject = Tumeombwa kuondoa uthibitisho wa pili wa akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } huduma yetu kwa wateja iliomba uthibitisho wa pili wa akaunti yako uondolewe, kwa sababu tumeambiwa kwamba umepotea. Mwenzetu mwingine ataamua.

        Kama si wewe uliyeomba, wasiliana nasi mara moja na ubadilishe nenosiri lako sasa.
    .sms = Amana: { $at } tumeombwa kuondoa uthibitisho wa pili wa akaunti yako. Si wewe? Wasiliana nasi mara moja.

factor_recovered =
    .subject = Tumeondoa uthibitisho wa pili wa akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } tuliondoa uthibitisho wa pili wa akaunti yako, kama tulivyoombwa. Umeondolewa kwenye vifaa vyote, na nenosiri lako linatosha kuingia. Tafadhali weka uthibitisho wa pili tena.

        Kama si wewe uliyeomba, wasiliana nasi mara moja na ubadilishe nenosiri lako sasa.
    .sms = Amana: tumeondoa uthibitisho wa pili wa akaunti yako { $at }. Si wewe? Wasiliana nasi na ubadilishe nenosiri sasa.

api_key_made =
    .subject = Ufunguo mpya wa API unaweza kutumia akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } ufunguo wa API wenye jina "{ $key }" ulitengenezwa kwa akaunti yako. Aliye nao anaweza kufanya kwa jina lako yale ulioruhusiwa kufanya.

        Kama si wewe, ufute ufunguo huo, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Ufunguo wa API "{ $key }" umetengenezwa kwa akaunti yako ya Amana { $at }. Kama si wewe, ufute na ubadilishe nenosiri sasa.

api_key_rotated =
    .subject = Ufunguo wa API wa akaunti yako ya Amana una siri mpya
    .body =
        Habari { $name },

        { $at } ufunguo wa API "{ $key }" ulipata siri mpya. Siri ya awali inatumika kwa muda uliochaguliwa wakati huo tu.

        Kama si wewe, ufute ufunguo huo, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Ufunguo wa API "{ $key }" wa akaunti yako ya Amana umepata siri mpya { $at }. Kama si wewe, ufute na ubadilishe nenosiri.
