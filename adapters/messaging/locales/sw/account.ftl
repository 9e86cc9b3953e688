# Each message has a subject and a body for e-mail and one SMS text; variables are listed in src/catalogue.rs.

# Appended to the body of every e-mail.
footer =
    Amana
    Hatutawahi kukuomba PIN wala nenosiri lako. Usimpe mtu yeyote.

# Optional lines above the footer, with values from the settings.
open_amana = Fungua Amana: { $link }
contact_us = Una swali au shida? Wasiliana nasi: { $contact }

welcome =
    .subject = Karibu Amana
    .body =
        Habari { $name },

        Karibu Amana. Ukinunua, pesa zako huhifadhiwa salama mpaka upokee ulicholipia. Ukiuza, unajua pesa zipo kabla hujakabidhi chochote.

        Akaunti yako iko tayari. Anza makubaliano yako ya kwanza wakati wowote.
    .sms = Karibu Amana, { $name }! Pesa zako hukaa salama mpaka upokee ulicholipia. Hatutawahi kukuomba PIN yako.

new_device =
    .subject = Akaunti yako ya Amana imefunguliwa kwenye kifaa kipya
    .body =
        Habari { $name },

        Akaunti yako imefunguliwa kwa nenosiri lako kwenye kifaa kipya: { $device }, { $at }.

        { $place }

        Kama ni wewe, huhitaji kufanya chochote. Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Akaunti yako ya Amana imefunguliwa kwenye kifaa kipya: { $device }, { $at }. Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri.

session_reused =
    .subject = Tumekiondoa kifaa chako kimoja
    .body =
        Habari { $name },

        { $at } tulikiondoa kifaa { $device } kwenye akaunti yako, kwa sababu kuingia kwake kulitumika mara mbili. Huenda ni hitilafu ya app, au kuna mtu anayetumia akaunti yako bila ruhusa.

        Tafadhali ingia tena. Kama hukutumia app wakati huo, badilisha nenosiri lako pia.
    .sms = Tumekiondoa kifaa { $device } kwenye akaunti yako ya Amana { $at }, kwa kuwa kilitumika mara mbili. Tafadhali ingia tena.

device_trusted =
    .subject = Umekiamini kifaa kwa akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } akaunti yako ilifunguliwa kwa uthibitisho wa pili, na kifaa hiki kikawekwa kuwa cha kuaminika: { $device }. Kwa siku 30, nenosiri lako linatosha kuingia kwenye kifaa hicho.

        Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa. Vifaa vyote vya kuaminika vitaondolewa pia.
    .sms = Kifaa { $device } kimeaminiwa kwa akaunti yako ya Amana { $at }. Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri.

factor_added =
    .subject = Akaunti yako ya Amana sasa ina uthibitisho wa pili
    .body =
        Habari { $name },

        { $at } uthibitisho wa pili uliongezwa kwenye akaunti yako. Kuanzia sasa, ukiingia utahitaji nenosiri na nambari ya uthibitisho. Weka nambari zako za akiba mahali unapoweza kuzipata bila simu yako.

        Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa. Kisha wasiliana nasi.
    .sms = Uthibitisho wa pili umeongezwa kwenye akaunti yako ya Amana { $at }. Kama si wewe, badilisha nenosiri lako sasa.

factor_removed =
    .subject = Uthibitisho wa pili wa akaunti yako ya Amana umeondolewa
    .body =
        Habari { $name },

        { $at } uthibitisho wa pili wa akaunti yako uliondolewa. Kuanzia sasa nenosiri lako linatosha kuingia. Nambari zako za akiba hazitumiki tena.

        Kama si wewe, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Uthibitisho wa pili wa akaunti yako ya Amana umeondolewa { $at }. Kama si wewe, badilisha nenosiri lako sasa.

factor_locked =
    .subject = Nambari zisizo sahihi kwa akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } nambari isiyo sahihi iliwekwa kwa mara ya tano kwenye akaunti yako. Kwa dakika 15 zijazo hakuna nambari itakayokubaliwa.

        Kama ni wewe, subiri kisha ujaribu tena. Kama si wewe, kuna mtu anayejua nenosiri lako: libadilishe sasa.
    .sms = Nambari tano zisizo sahihi kwa akaunti yako ya Amana, { $at }. Kama si wewe, kuna mtu anayejua nenosiri lako: libadilishe sasa.

backup_code_used =
    .subject = Nambari ya akiba ya akaunti yako ya Amana imetumika
    .body =
        Habari { $name },

        { $at } nambari ya akiba ilitumika badala ya nambari yako ya kawaida. Haiwezi kutumika tena. Zilizobaki: { $left }.

        Kama si wewe, ondoka kwenye vifaa vyote, badilisha nenosiri lako na utengeneze nambari mpya za akiba sasa.
    .sms = Nambari ya akiba ya akaunti yako ya Amana imetumika { $at }; zimebaki { $left }. Kama si wewe, badilisha nenosiri lako sasa.

factor_recovery_requested =
    .subject = Tumeombwa kuondoa uthibitisho wa pili wa akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } huduma yetu kwa wateja iliomba uthibitisho wa pili wa akaunti yako uondolewe, kwa sababu tuliambiwa umepotea. Mfanyakazi mwingine wa Amana ataamua.

        Kama si wewe uliyeomba, wasiliana nasi mara moja na ubadilishe nenosiri lako sasa.
    .sms = Amana: { $at } tumeombwa kuondoa uthibitisho wa pili wa akaunti yako. Si wewe? Wasiliana nasi mara moja.

factor_recovered =
    .subject = Tumeondoa uthibitisho wa pili wa akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } tuliondoa uthibitisho wa pili wa akaunti yako, kama tulivyoombwa. Umeondolewa kwenye vifaa vyote, na nenosiri lako linatosha kuingia. Tafadhali weka uthibitisho wa pili tena.

        Kama si wewe uliyeomba, wasiliana nasi mara moja na ubadilishe nenosiri lako sasa.
    .sms = Amana: tumeondoa uthibitisho wa pili wa akaunti yako { $at }. Si wewe? Wasiliana nasi na ubadilishe nenosiri sasa.

api_key_created =
    .subject = Ufunguo mpya wa API unaweza kutumia akaunti yako ya Amana
    .body =
        Habari { $name },

        { $at } ufunguo wa API wenye jina "{ $key }" ulitengenezwa kwa akaunti yako. Programu zenye ufunguo huu zinaweza kutumia akaunti yako kadiri ufunguo unavyoruhusu.

        Kama si wewe, ufute ufunguo huo, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Ufunguo wa API "{ $key }" umetengenezwa kwa akaunti yako ya Amana { $at }. Kama si wewe, ufute na ubadilishe nenosiri sasa.

api_key_rotated =
    .subject = Ufunguo wa API wa akaunti yako ya Amana una siri mpya
    .body =
        Habari { $name },

        { $at } ufunguo wa API "{ $key }" ulipata siri mpya. Siri ya awali itatumika tu kwa muda uliochaguliwa wakati wa kubadilisha.

        Kama si wewe, ufute ufunguo huo, ondoka kwenye vifaa vyote na ubadilishe nenosiri lako sasa.
    .sms = Ufunguo wa API "{ $key }" wa akaunti yako ya Amana umepata siri mpya { $at }. Kama si wewe, ufute na ubadilishe nenosiri.
