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
