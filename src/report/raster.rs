//! Drawings as points (PNG), with the letters of the machine: Word and older `LibreOffice` show no SVG without one beside
//! it, and workbooks hold none at all.

use std::sync::{Arc, LazyLock};

use resvg::{
    render,
    tiny_skia::{Pixmap, Transform},
    usvg::{
        Options, Tree,
        fontdb::{Database, Family, Query},
    },
};

/// Points of the picture beside a point of the drawing: sharp on paper at 200 points an inch.
const SCALE: f32 = 2.0;

/// Letters that have Vietnamese and the signs of the matrix; the first that is installed is drawn with.
const LETTERS: [&str; 4] = ["DejaVu Sans", "Noto Sans", "Liberation Sans", "Arial"];

/// A drawing, once as lines and once as points.
#[derive(Debug, Clone)]
pub struct Raster {
    /// The drawing in black, for programs that know nothing of the colour around it.
    pub svg: String,
    /// The same as a PNG.
    pub png: Vec<u8>,
    /// Width and height of the drawing, in points of the screen (96 an inch).
    pub size: (f32, f32),
}

/// The fonts of this machine, sought once; none where it has none.
static FONTS: LazyLock<Option<Arc<Database>>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    let known = |name: &str| {
        let families = [Family::Name(name)];
        fonts.query(&Query { families: &families, ..Query::default() }).is_some()
    };
    let any = || fonts.faces().find_map(|face| Some(face.families.first()?.0.clone()));
    let letters = LETTERS.into_iter().find(|name| known(name)).map(str::to_owned).or_else(any)?;
    fonts.set_sans_serif_family(letters);
    Some(Arc::new(fonts))
});

/// `svg` as points. `None` on a machine without fonts: a picture without its words is worse than none, and every
/// number of it stands in a table, too.
#[must_use]
pub fn raster(svg: &str) -> Option<Raster> {
    let svg = svg.replace("currentColor", "#000000");
    let options = Options { fontdb: FONTS.clone()?, ..Options::default() };
    let tree = Tree::from_str(&svg, &options).ok()?;
    let size = tree.size();
    let whole = size.to_int_size().scale_by(SCALE)?;
    let mut points = Pixmap::new(whole.width(), whole.height())?;
    render(&tree, Transform::from_scale(SCALE, SCALE), &mut points.as_mut());
    Some(Raster { svg, png: points.encode_png().ok()?, size: (size.width(), size.height()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_lines_are_drawn_in_black() {
        let svg = |inner: &str| {
            format!(
                "<svg viewBox=\"0 0 40 20\" xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" fill=\"currentColor\">{inner}</svg>"
            )
        };
        let dark = |inner: &str| {
            let drawn = raster(&svg(inner)).unwrap();
            assert_eq!(drawn.size, (40.0, 20.0));
            let points = Pixmap::decode_png(&drawn.png).unwrap();
            assert_eq!((points.width(), points.height()), (80, 40));
            points.pixels().iter().filter(|point| point.alpha() > 100).count()
        };
        assert_eq!(dark(""), 0);
        assert_eq!(dark("<rect width=\"20\" height=\"10\"/>"), 800);
        for sign in ["ệ", "●", "◐", "✕", "…"] {
            assert!(dark(&format!("<text x=\"5\" y=\"15\">{sign}</text>")) > 4, "{sign}");
        }
        assert!(raster("no drawing").is_none());
    }
}
