# Codes that verify a contact or an account, and notices of changes. `code` is filled in when the message is sent.
# Messages to a contact that may not be verified contain no name: the user who typed the contact chose the name too.

verify_email =
    .subject = Your code to confirm this e-mail address
    .body =
        Hello,

        Your code is { $code }. Enter it in Amana to confirm that this e-mail address is yours. It is valid for 5 minutes.

        If you did not request it, ignore this e-mail. Do not share the code with anybody; we never ask for it.
    .sms = Amana: your code is { $code }. It confirms your e-mail address and is valid for 5 minutes. Do not share it.

verify_phone =
    .subject = Your code to confirm your phone number
    .body =
        Hello,

        Your code is { $code }. Enter it in Amana to confirm that this phone number is yours. It is valid for 5 minutes.

        If you did not request it, ignore this message. Do not share the code with anybody; we never ask for it.
    .sms = Amana: your code is { $code }. It confirms this phone number and is valid for 5 minutes. Do not share it.

reset_password =
    .subject = Your code to set a new password
    .body =
        Hello,

        Your code is { $code }. Enter it in Amana to set a new password. It is valid for 5 minutes.

        If you did not request it, ignore this message; your password has not changed. Do not share the code with anybody; we never ask for it.
    .sms = Amana: your code is { $code }. It sets a new password and is valid for 5 minutes. Do not share it. Not you? Ignore it.

leave_email =
    .subject = Your code to change your e-mail address
    .body =
        Hello { $name },

        We received a request, made with your password, to replace this e-mail address in your account. If it was you, your code is { $code }. It is valid for 5 minutes.

        If it was not you, do not share the code and change your password at once.
    .sms = Amana: your code is { $code }. It changes your e-mail address; valid for 5 minutes. Not you? Do not share it; change your password.

leave_phone =
    .subject = Your code to change your phone number
    .body =
        Hello { $name },

        We received a request, made with your password, to replace this phone number in your account. If it was you, your code is { $code }. It is valid for 5 minutes.

        If it was not you, do not share the code and change your password at once.
    .sms = Amana: your code is { $code }. It changes your phone number; valid for 5 minutes. Not you? Do not share it; change your password.

password_changed =
    .subject = Your password was changed
    .body =
        Hello { $name },

        The password of your Amana account was changed just now. You are signed out everywhere. Your API keys, if you have any, still work.

        If it was not you, reset your password at once and contact us.
    .sms = Amana: { $name }, your password was changed. Not you? Reset it at once and contact us.

password_reset =
    .subject = Your password was reset
    .body =
        Hello { $name },

        A new password for your Amana account was set just now, with a code that we sent to you. You are signed out everywhere, no device is trusted any more, and all API keys of the account are revoked. Create new keys for programs that used them.

        If it was not you, reset your password again at once and contact us.
    .sms = Amana: { $name }, a new password was set. Sessions and API keys have ended. Not you? Contact us at once.

account_exists =
    .subject = You already have an Amana account
    .body =
        Hello { $name },

        This e-mail address or phone number was just used to register with Amana. It belongs to your account already, so nothing has changed.

        If it was you, log in to your account. If you forgot your password, you can reset it. If it was not you, ignore this message.
    .sms = Amana: { $name }, you already have an account with this contact. Log in to it; nothing has changed. Not you? Ignore it.

email_changed =
    .subject = Your account has another e-mail address
    .body =
        Hello { $name },

        Your Amana account has another e-mail address now, and our e-mails go there. If it was you, there is nothing to do.

        If it was not you, contact us at once.
    .sms = Amana: { $name }, your account has another e-mail address now. Not you? Contact us at once.

phone_changed =
    .subject = Your account has another phone number
    .body =
        Hello { $name },

        Your Amana account has another phone number now, and our text messages go there. If it was you, there is nothing to do.

        If it was not you, contact us at once.
    .sms = Amana: { $name }, your account has another phone number now. Not you? Contact us at once.

second_factor_code =
    .subject = Your code for Amana
    .body =
        Hello { $name },

        Your code is { $code }. Your password was entered just now. If it was you, enter the code too. It is valid for 5 minutes.

        If it was not you, do not share the code and change your password at once.
    .sms = Amana: your code is { $code }, to log in with your password; valid for 5 minutes. Not you? Do not share it; change your password.
