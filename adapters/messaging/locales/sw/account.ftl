# Kila ujumbe una kichwa na maandishi ya barua pepe, pamoja na SMS moja; vigezo vimeorodheshwa kwenye src/catalogue.rs.

# Huongezwa mwishoni mwa kila barua pepe.
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
