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
