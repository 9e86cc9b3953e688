# Codes that prove whose an address, a number or an account is, and notices of what they changed. `code` is filled in when the message is sent.
# No name in what may go to a contact that is not verified: whoever typed it chose the name too.

verify_email =
    .subject = Your code to confirm this e-mail address
    .body =
        Hello,

        Your code is { $code }. Enter it in Amana to confirm that this e-mail address is yours. It is good for 5 minutes.

        If you did not ask for it, you need not do anything. Tell the code to nobody; we never ask for it.
    .sms = Amana: your code is { $code }. It confirms your e-mail address and is good for 5 minutes. Tell it to nobody.

verify_phone =
    .subject = Your code to confirm your phone number
    .body =
        Hello,

        Your code is { $code }. Enter it in Amana to confirm that this phone number is yours. It is good for 5 minutes.

        If you did not ask for it, you need not do anything. Tell the code to nobody; we never ask for it.
    .sms = Amana: your code is { $code }. It confirms this phone number and is good for 5 minutes. Tell it to nobody.

reset_password =
    .subject = Your code to set a new password
    .body =
        Hello,

        Your code is { $code }. Enter it in Amana to set a new password. It is good for 5 minutes.

        If you did not ask for it, you need not do anything: your password is still the same. Tell the code to nobody; we never ask for it.
    .sms = Amana: your code is { $code }. It sets a new password and is good for 5 minutes. Tell it to nobody. Not you? Ignore it.

leave_email =
    .subject = Your code to change your e-mail address
    .body =
        Hello { $name },

        Somebody who knows your password wants your account to have another e-mail address than this one. If it is you, your code is { $code }. It is good for 5 minutes.

        If it is not you, tell the code to nobody and change your password at once.
    .sms = Amana: your code is { $code }. It changes your e-mail address; good for 5 minutes. Not you? Tell nobody and change your password.

leave_phone =
    .subject = Your code to change your phone number
    .body =
        Hello { $name },

        Somebody who knows your password wants your account to have another phone number than this one. If it is you, your code is { $code }. It is good for 5 minutes.

        If it is not you, tell the code to nobody and change your password at once.
    .sms = Amana: your code is { $code }. It changes your phone number; good for 5 minutes. Not you? Tell nobody and change your password.

password_changed =
    .subject = Your password was changed
    .body =
        Hello { $name },

        The password of your Amana account was changed just now. You are signed out everywhere. Your API keys, if you have any, still work.

        If it was not you, ask for a new password at once and contact us.
    .sms = Amana: { $name }, your password was changed. Not you? Ask for a new one at once and contact us.

password_reset =
    .subject = Your password was set anew
    .body =
        Hello { $name },

        A new password for your Amana account was set just now, with a code that we sent to you. You are signed out everywhere, no device is trusted any more, and all API keys of the account are revoked. Make new keys for programs that used them.

        If it was not you, ask for a new password at once and contact us.
    .sms = Amana: { $name }, a new password was set. Sessions and API keys have ended. Not you? Contact us at once.

account_exists =
    .subject = You have an Amana account already
    .body =
        Hello { $name },

        Somebody has just registered with Amana with this e-mail address or phone number. It belongs to your account already, so nothing has changed.

        If it was you, log in to the account that you have; a forgotten password can be set anew. If it was not you, you need not do anything.
    .sms = Amana: { $name }, somebody registered with this contact. It is yours already: log in to your account. Not you? Ignore it.

email_changed =
    .subject = Your account has another e-mail address
    .body =
        Hello { $name },

        Your Amana account has another e-mail address now, and our e-mails go there. If it was you, there is nothing left to do.

        If it was not you, contact us at once.
    .sms = Amana: { $name }, your account has another e-mail address now. Not you? Contact us at once.

phone_changed =
    .subject = Your account has another phone number
    .body =
        Hello { $name },

        Your Amana account has another phone number now, and our text messages go there. If it was you, there is nothing left to do.

        If it was not you, contact us at once.
    .sms = Amana: { $name }, your account has another phone number now. Not you? Contact us at once.

second_factor_code =
    .subject = Your code for Amana
    .body =
        Hello { $name },

        Your code is { $code }. Somebody has just entered your password; if it was you, enter the code too. It is good for 5 minutes.

        If it was not you, tell the code to nobody and change your password at once.
    .sms = Amana: your code is { $code }, for the log-in with your password; good for 5 minutes. Not you? Tell nobody and change your password.
