# Each message has a subject and a body for e-mail and one SMS text; variables are listed in src/catalogue.rs.

# Appended to the body of every e-mail.
footer =
    Amana
    We never ask for your PIN or password. Please keep them to yourself.

# Optional lines above the footer, with values from the settings.
open_amana = Open Amana: { $link }
contact_us = Questions or problems? Contact us: { $contact }

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

        Your account was opened with your password on a new device: { $device }, at { $at }.

        { $place }

        If it was you, there is nothing to do. If not, sign out everywhere and change your password now.
    .sms = New log-in to your Amana account: { $device }, { $at }. If it was not you, sign out everywhere and change your password.

session_reused =
    .subject = We signed one of your devices out
    .body =
        Hello { $name },

        At { $at } we signed { $device } out of your account, because its log-in was used twice. The app may have made a mistake, or another person may have copied your log-in.

        Please log in again. If you did not use the app at that time, change your password too.
    .sms = We signed { $device } out of your Amana account at { $at }, because its log-in was used twice. Please log in again.

device_trusted =
    .subject = You trust a device with your Amana account
    .body =
        Hello { $name },

        At { $at } a log-in to your account with your second factor marked this device as trusted: { $device }. For 30 days, your password is enough to log in on it.

        If it was not you, sign out everywhere and change your password now. This also removes all trusted devices.
    .sms = { $device } was trusted with your Amana account at { $at }. If it was not you, sign out everywhere and change your password.

factor_added =
    .subject = Your Amana account now has a second factor
    .body =
        Hello { $name },

        At { $at } a second factor was added to your account. From now on, you need a code as well as your password to log in. Keep your backup codes where you can find them without your phone.

        If it was not you, sign out everywhere and change your password now. Then contact us.
    .sms = A second factor was added to your Amana account at { $at }. If it was not you, change your password now.

factor_removed =
    .subject = The second factor of your Amana account was removed
    .body =
        Hello { $name },

        At { $at } the second factor of your account was removed. From now on, your password is enough to log in. Your backup codes no longer work.

        If it was not you, sign out everywhere and change your password now.
    .sms = The second factor of your Amana account was removed at { $at }. If it was not you, change your password now.

factor_locked =
    .subject = Wrong codes for your Amana account
    .body =
        Hello { $name },

        At { $at } the fifth wrong code was entered for your account. No code is accepted for the next 15 minutes.

        If it was you, wait and try again. If not, another person knows your password: change it now.
    .sms = Five wrong codes for your Amana account, { $at }. If it was not you, another person knows your password: change it now.

backup_code_used =
    .subject = A backup code of your Amana account was used
    .body =
        Hello { $name },

        At { $at } a backup code was used instead of your usual code. It cannot be used again. Backup codes left: { $left }.

        If it was not you, sign out everywhere, change your password and make new backup codes now.
    .sms = A backup code of your Amana account was used at { $at }; left: { $left }. If it was not you, change your password now.

factor_recovery_requested =
    .subject = We were asked to remove the second factor of your Amana account
    .body =
        Hello { $name },

        At { $at } our support team requested the removal of your second factor, because it was reported lost. Another member of our team decides.

        If you did not report it, contact us at once and change your password now.
    .sms = Amana: at { $at } we were asked to remove the second factor of your account. Not you? Contact us at once.

factor_recovered =
    .subject = We have removed the second factor of your Amana account
    .body =
        Hello { $name },

        At { $at } we removed the second factor of your account, as requested. You are signed out everywhere, and your password is enough to log in. Please set up a second factor again.

        If you did not request this, contact us at once and change your password now.
    .sms = Amana: we removed the second factor of your account at { $at }. Not you? Contact us at once and change your password.

api_key_created =
    .subject = A new API key can use your Amana account
    .body =
        Hello { $name },

        At { $at } an API key with the name "{ $key }" was created for your account. Programs with this key can use your account as far as the key allows.

        If it was not you, revoke the key, sign out everywhere and change your password now.
    .sms = An API key "{ $key }" was created for your Amana account at { $at }. If it was not you, revoke it and change your password now.

api_key_rotated =
    .subject = An API key of your Amana account has a new secret
    .body =
        Hello { $name },

        At { $at } the API key "{ $key }" got a new secret. The old secret works only for the time that was chosen with the change.

        If it was not you, revoke the key, sign out everywhere and change your password now.
    .sms = The API key "{ $key }" of your Amana account got a new secret at { $at }. If it was not you, revoke it and change your password.
