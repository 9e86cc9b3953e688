# Each message has a subject and a body for e-mail and one SMS text; variables are listed in src/catalogue.rs.

# Appended to the body of every e-mail.
footer =
    Amana
    We never ask for your PIN or password. Please keep them to yourself.

# Lines above the footer, where the operators have set what they tell.
open_amana = Open Amana: { $link }
contact_us = Questions, or something is wrong? Contact us: { $contact }

welcome =
    .subject = Welcome to Amana
    .body =
        Hello { $name },

        Welcome to Amana. When you buy, your money is kept safe until you have what you paid for. When you sell, you know the money is there before you deliver.

        Your account is ready. Start your first deal whenever you like.
    .sms = Welcome to Amana, { $name }! Your money stays safe with us until you have what you paid for. We never ask for your PIN.

new_device =
    .subject = Your Amana account was used on a new device
    .body =
        Hello { $name },

        Somebody logged in to your account with your password on a device that we have not seen before: { $device }, at { $at }.

        { $place }

        If it was you, there is nothing to do. If not, sign out everywhere and change your password now.
    .sms = New log-in to your Amana account: { $device }, { $at }. If it was not you, sign out everywhere and change your password.

session_reused =
    .subject = We signed one of your devices out
    .body =
        Hello { $name },

        At { $at } we ended the session on { $device }: a key that is good only once was shown twice. That may be a fault of the app, or somebody may have copied it.

        Please log in again. If you did not use the app at that time, change your password too.
    .sms = We signed { $device } out of your Amana account at { $at }, because its key was shown twice. Please log in again.

device_trusted =
    .subject = You trust a device with your Amana account
    .body =
        Hello { $name },

        At { $at } somebody logged in to your account with your second factor and chose to trust the device: { $device }. For 30 days your password is enough to log in on it.

        If it was not you, sign out everywhere and change your password now: then no device is trusted any more.
    .sms = { $device } was trusted with your Amana account at { $at }. If it was not you, sign out everywhere and change your password.

factor_added =
    .subject = Your Amana account has a second factor now
    .body =
        Hello { $name },

        At { $at } a second factor was added to your account: whoever logs in shows a code too. Keep your backup codes where you find them without your phone.

        If it was not you, sign out everywhere and change your password now, and write to us.
    .sms = A second factor was added to your Amana account at { $at }. If it was not you, change your password now.

factor_removed =
    .subject = The second factor of your Amana account was removed
    .body =
        Hello { $name },

        At { $at } the second factor of your account was removed. From now on your password is enough to log in, and your backup codes are not good any more.

        If it was not you, sign out everywhere and change your password now.
    .sms = The second factor of your Amana account was removed at { $at }. If it was not you, change your password now.

factor_locked =
    .subject = Wrong codes for your Amana account
    .body =
        Hello { $name },

        At { $at } the fifth wrong code in a row was shown for your account. For 15 minutes no code is taken.

        If it was you, wait and try again. If not, somebody has your password: change it now.
    .sms = Five wrong codes for your Amana account, { $at }. If it was not you, somebody has your password: change it now.

backup_code_used =
    .subject = A backup code of your Amana account was used
    .body =
        Hello { $name },

        At { $at } a backup code was shown in place of your usual code. It is not good any more. Left: { $left }.

        If it was not you, sign out everywhere, change your password and make new backup codes now.
    .sms = A backup code of your Amana account was used at { $at }; left: { $left }. If it was not you, change your password now.

factor_recovery_asked =
    .subject = Somebody asks us to remove the second factor of your Amana account
    .body =
        Hello { $name },

        At { $at } our support asked for the second factor of your account to be removed, because somebody said that it was lost. Another colleague decides about it.

        If you did not ask for it, contact us at once and change your password now.
    .sms = Amana: at { $at } we were asked to remove the second factor of your account. Not you? Contact us at once.

factor_recovered =
    .subject = We have removed the second factor of your Amana account
    .body =
        Hello { $name },

        At { $at } we removed the second factor of your account, as we were asked to. You are signed out everywhere, and your password is enough to log in. Please set up a second factor again.

        If you did not ask for it, contact us at once and change your password now.
    .sms = Amana: we removed the second factor of your account at { $at }. Not you? Contact us at once and change your password.

api_key_made =
    .subject = A new API key can use your Amana account
    .body =
        Hello { $name },

        At { $at } an API key with the name "{ $key }" was made for your account. Whoever has it can do in your name what it was made for.

        If it was not you, revoke the key, sign out everywhere and change your password now.
    .sms = An API key "{ $key }" was made for your Amana account at { $at }. If it was not you, revoke it and change your password now.

api_key_rotated =
    .subject = An API key of your Amana account has a new secret
    .body =
        Hello { $name },

        At { $at } the API key "{ $key }" got a new secret. The one before is good for the time that was chosen then, and not longer.

        If it was not you, revoke the key, sign out everywhere and change your password now.
    .sms = The API key "{ $key }" of your Amana account got a new secret at { $at }. If it was not you, revoke it and change your password.
