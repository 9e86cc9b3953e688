# Each message has a subject and a body for e-mail and one SMS text; variables are listed in src/catalogue.rs.

# Appended to the body of every e-mail.
footer =
    Amana
    We never ask for your PIN or password. Please keep them to yourself.

welcome =
    .subject = Welcome to Amana, { $name }
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

        If it was you, there is nothing to do. If not, sign out everywhere and change your password now.
    .sms = New log-in to your Amana account: { $device }, { $at }. If it was not you, sign out everywhere and change your password.

session_reused =
    .subject = We signed one of your devices out
    .body =
        Hello { $name },

        At { $at } we ended the session on { $device }: a key that is good only once was shown twice. That may be a fault of the app, or somebody may have copied it.

        Please log in again. If you did not use the app at that time, change your password too.
    .sms = We signed { $device } out of your Amana account at { $at }, because its key was shown twice. Please log in again.
