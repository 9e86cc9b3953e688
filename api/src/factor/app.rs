//! Authenticator apps: secret, `otpauth` address, QR code and verification (RFC 6238 with SHA-1 and six digits, which
//! every app supports).

use crate::problem::ApiError;
use amana_domain::factor::STEP_S;
use qrcode::{Color, QrCode};
use totp_rs::{Builder, Totp};

/// Name of the service in the app.
const ISSUER: &str = "Amana";

/// Pixels per module of the QR code.
const SQUARE: usize = 6;
/// Modules of the white border, which scanners need.
const EDGE: usize = 4;

/// Creates an app with a secret of 160 random bits.
///
/// # Errors
/// `internal` if the account name is not representable.
pub(super) fn new(account: &str) -> Result<Totp, ApiError> {
    Builder::new().with_issuer(Some(ISSUER)).with_account_name(account).build().map_err(broken)
}

/// Returns the app with this secret; `None` if the secret is too short.
pub(super) fn of(secret: Vec<u8>) -> Option<Totp> {
    // The domain decides which neighbouring time steps are accepted.
    Builder::new().with_skew(0).with_secret(secret).build().ok()
}

/// Returns whether the code is that of the time step.
pub(super) fn fits(app: &Totp, code: &str, step: i64) -> bool {
    let time = u64::try_from(step.saturating_mul(STEP_S));
    time.is_ok_and(|time| app.check(code, time).is_some())
}

/// # Errors
/// `internal` if the address cannot be built.
pub(super) fn address(app: &Totp) -> Result<String, ApiError> {
    app.to_url().map_err(broken)
}

/// Returns the address as a QR code in PNG.
///
/// # Errors
/// `internal` if the image cannot be encoded.
pub(super) fn picture(address: &str) -> Result<Vec<u8>, ApiError> {
    let code = QrCode::new(address).map_err(broken)?;
    let squares = code.width();
    let pixels = squares.saturating_add(2 * EDGE).saturating_mul(SQUARE);
    let colours = code.into_colors();
    let dark = |x: usize, y: usize| {
        let column = x.div_euclid(SQUARE).checked_sub(EDGE).filter(|x| *x < squares)?;
        let row = y.div_euclid(SQUARE).checked_sub(EDGE)?;
        colours.get(row.saturating_mul(squares).saturating_add(column)).copied()
    };
    let grey = |(x, y)| if dark(x, y) == Some(Color::Dark) { 0 } else { u8::MAX };
    let image: Vec<u8> =
        (0..pixels).flat_map(|y| (0..pixels).map(move |x| (x, y))).map(grey).collect();
    let side = u32::try_from(pixels).map_err(broken)?;
    let mut file = vec![];
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(broken)?;
    writer.write_image_data(&image).map_err(broken)?;
    writer.finish().map_err(broken)?;
    Ok(file)
}

/// The cause is not logged, because it may contain the secret.
fn broken<E>(_: E) -> ApiError {
    tracing::error!("an authenticator app could not be set up");
    ApiError::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix B of RFC 6238; its codes have eight digits, of which the last six are used here.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let app = of(b"12345678901234567890".to_vec()).unwrap();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000_i64, "353130"),
        ] {
            let step = seconds / STEP_S;
            assert!(fits(&app, code, step), "{seconds}");
            assert!(!fits(&app, code, step - 1) && !fits(&app, code, step + 1), "{seconds}");
        }
    }

    #[test]
    fn new_ones_differ_and_are_addressed_to_the_person() {
        let (one, other) = (new("a@example.com").unwrap(), new("a@example.com").unwrap());
        assert_ne!(one.secret().as_bytes(), other.secret().as_bytes());
        assert_eq!(one.secret().as_bytes().len(), 20);
        let address = address(&one).unwrap();
        assert!(address.starts_with("otpauth://totp/Amana:a%40example.com?"), "{address}");
        assert!(address.contains(&one.secret().to_base32()) && address.contains("issuer=Amana"));
    }

    #[test]
    fn the_picture_is_square_and_has_its_corners() {
        let file = picture("otpauth://totp/Amana:amina?secret=ABC").unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut image = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut image).unwrap();
        assert_eq!(frame.width, frame.height);
        let side = frame.width as usize;
        assert_eq!((side / SQUARE - 2 * EDGE) % 4, 1, "QR codes have 17 + 4n squares");
        let at = |x: usize, y: usize| image[y * side + x];
        let (first, last) = (EDGE * SQUARE, side - EDGE * SQUARE - 1);
        assert_eq!([at(first, first), at(last, first), at(first, last)], [0, 0, 0]);
        assert_eq!([at(first - 1, first), at(last + 1, first), at(0, 0)], [255, 255, 255]);
    }
}
