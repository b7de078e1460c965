//! Which lines are near a point: a flat grid of squares, each with the pieces of lines in it.

use crate::error::Error;
use crate::geometry::Point;

/// Side of a square, metres, where the area is not too large for it.
const SIDE_M: f64 = 50.0;
/// Most squares.
const SQUARES_MAX: f64 = 4_000_000.0;
/// Most squares from corner to corner, so that long lines are not cut into too many pieces.
const ACROSS_MAX: f64 = 20_000.0;
/// Most pieces in all squares together, 32 bytes each; where there would be more the squares are
/// larger.
const ENTRIES_MAX: usize = 60_000_000;
/// A piece is in at most so many squares in each direction; longer ones are cut first.
const PIECE_SQUARES: f64 = 4.0;

/// A link near a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub(super) link: u32,
    /// Place on its line, metres from the start.
    pub(super) along: f32,
    /// Distance, metres, squared.
    pub(super) square: f32,
}

/// A straight piece of a line, relative to the grid's corner.
#[derive(Clone, Copy, Debug)]
struct Piece {
    x: f32,
    y: f32,
    dx: f32,
    dy: f32,
    /// One over the square of its length.
    inverse: f32,
    length: f32,
    along: f32,
    link: u32,
}

/// The grid.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    corner: Point,
    far_corner: Point,
    side: f64,
    columns: usize,
    rows: usize,
    first: Vec<u32>,
    /// The pieces of each square, one square after the other.
    pieces: Vec<Piece>,
}

impl Grid {
    /// Of lines whose points stand one after the other.
    ///
    /// # Errors
    /// When the lines have more pieces than a grid may hold.
    pub(super) fn new(points: &[Point], along: &[f32], first_point: &[u32]) -> Result<Self, Error> {
        Self::within(ENTRIES_MAX, points, along, first_point)
    }

    /// The same with at most so many pieces in all squares together.
    fn within(
        most: usize,
        points: &[Point],
        along: &[f32],
        first_point: &[u32],
    ) -> Result<Self, Error> {
        if points.len() > most {
            return Err(Error::Limit {
                what: "number of points of all lines, for matching,",
                found: points.len() as u64,
                limit: most as u64,
            });
        }
        let (mut low, mut high) = (Point::new(0.0, 0.0), Point::new(0.0, 0.0));
        if let Some(&first) = points.first() {
            (low, high) = (first, first);
        }
        for point in points {
            low = Point::new(low.x.min(point.x), low.y.min(point.y));
            high = Point::new(high.x.max(point.x), high.y.max(point.y));
        }
        let (width, height) = (high.x - low.x, high.y - low.y);
        let mut side = SIDE_M;
        while (width / side + 1.0) * (height / side + 1.0) > SQUARES_MAX
            || (width + height) / side > ACROSS_MAX
        {
            side *= 2.0;
        }
        loop {
            let mut grid = Self {
                corner: low,
                far_corner: high,
                side,
                columns: (width / side) as usize + 1,
                rows: (height / side) as usize + 1,
                first: Vec::new(),
                pieces: Vec::new(),
            };
            // In one square every piece stands once, so this ends.
            let pieces = grid.cut(most, points, along, first_point);
            if let Some(pieces) = pieces
                && let Some(counts) = grid.count(most, &pieces)
            {
                grid.fill(counts, &pieces);
                return Ok(grid);
            }
            side *= 2.0;
        }
    }

    /// The lines as pieces that are not too long; `None` where there are more than `most`.
    fn cut(
        &self,
        most: usize,
        points: &[Point],
        along: &[f32],
        first_point: &[u32],
    ) -> Option<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(points.len());
        for (link, ends) in first_point.windows(2).enumerate() {
            for at in ends[0] as usize + 1..ends[1] as usize {
                let (a, b) = (points[at - 1], points[at]);
                let count = (a.distance(b) / (PIECE_SQUARES * self.side))
                    .ceil()
                    .clamp(1.0, 1e6);
                if pieces.len() + count as usize > most {
                    return None;
                }
                let step = (b - a) * (1.0 / count);
                for part in 0..count as usize {
                    let start = a + step * part as f64 - self.corner;
                    let length = step.norm() as f32;
                    let square = (step.dot(step)) as f32;
                    pieces.push(Piece {
                        x: start.x as f32,
                        y: start.y as f32,
                        dx: step.x as f32,
                        dy: step.y as f32,
                        inverse: if square > 0.0 { 1.0 / square } else { 0.0 },
                        length,
                        along: along[at - 1] + length * part as f32,
                        link: link as u32,
                    });
                }
            }
        }
        Some(pieces)
    }

    /// How many pieces each square has, one place on; `None` where all together have more than
    /// `most`.
    fn count(&self, most: usize, pieces: &[Piece]) -> Option<Vec<u32>> {
        let mut counts = vec![0_u32; self.columns * self.rows + 1];
        let mut total = 0;
        for piece in pieces {
            self.squares_of(piece, |square| {
                counts[square + 1] += 1;
                total += 1;
            });
            if total > most {
                return None;
            }
        }
        Some(counts)
    }

    fn fill(&mut self, mut counts: Vec<u32>, pieces: &[Piece]) {
        for square in 1..counts.len() {
            counts[square] += counts[square - 1];
        }
        let mut next = counts.clone();
        let total = counts.last().map_or(0, |&total| total as usize);
        let nothing = Piece {
            x: 0.0,
            y: 0.0,
            dx: 0.0,
            dy: 0.0,
            inverse: 0.0,
            length: 0.0,
            along: 0.0,
            link: 0,
        };
        let mut filled = vec![nothing; total];
        for piece in pieces {
            self.squares_of(piece, |square| {
                filled[next[square] as usize] = *piece;
                next[square] += 1;
            });
        }
        self.first = counts;
        self.pieces = filled;
    }

    /// The squares that the rectangle around a piece touches.
    fn squares_of(&self, piece: &Piece, mut take: impl FnMut(usize)) {
        let (x0, x1) = ordered(piece.x, piece.x + piece.dx);
        let (y0, y1) = ordered(piece.y, piece.y + piece.dy);
        let (columns, rows) = self.range((x0.into(), y0.into()), (x1.into(), y1.into()));
        for row in rows {
            for column in columns.clone() {
                take(row * self.columns + column);
            }
        }
    }

    /// Columns and rows from one corner to another, kept inside the grid.
    fn range(
        &self,
        low: (f64, f64),
        high: (f64, f64),
    ) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let index =
            |value: f64, count: usize| ((value / self.side).max(0.0) as usize).min(count - 1);
        (
            index(low.0, self.columns)..index(high.0, self.columns) + 1,
            index(low.1, self.rows)..index(high.1, self.rows) + 1,
        )
    }

    /// Whether a point lies within `margin` of the lines' rectangle.
    pub(super) fn covers(&self, point: Point, margin: f64) -> bool {
        point.x >= self.corner.x - margin
            && point.x <= self.far_corner.x + margin
            && point.y >= self.corner.y - margin
            && point.y <= self.far_corner.y + margin
    }

    /// Places on links within `radius` of a point, nearest first, at most `most`. Equal distances go
    /// by number of the link.
    pub(super) fn near(&self, point: Point, radius: f64, most: usize, found: &mut Vec<Near>) {
        found.clear();
        if !self.covers(point, radius) {
            return;
        }
        let at = point - self.corner;
        let (columns, rows) = self.range(
            (at.x - radius, at.y - radius),
            (at.x + radius, at.y + radius),
        );
        let (x, y) = (at.x as f32, at.y as f32);
        let limit = (radius * radius) as f32;
        for row in rows {
            let start = self.first[row * self.columns + columns.start] as usize;
            let end = self.first[row * self.columns + columns.end] as usize;
            for piece in &self.pieces[start..end] {
                let (px, py) = (x - piece.x, y - piece.y);
                let t = ((px * piece.dx + py * piece.dy) * piece.inverse).clamp(0.0, 1.0);
                let (ex, ey) = (px - t * piece.dx, py - t * piece.dy);
                let square = ex * ex + ey * ey;
                if square <= limit {
                    let along = piece.along + t * piece.length;
                    keep(found, (piece.link, along, square), radius as f32);
                }
            }
        }
        found.sort_unstable_by(|a, b| {
            let link = a.link.cmp(&b.link).then(a.along.total_cmp(&b.along));
            a.square.total_cmp(&b.square).then(link)
        });
        found.truncate(most);
    }
}

/// Keeps the nearest place of each stretch of a link, of equally near ones the first along it. A
/// road that comes back near itself, as in a hairpin bend, has several: places further than `apart`
/// metres along from one another.
#[inline]
fn keep(found: &mut Vec<Near>, (link, along, square): (u32, f32, f32), apart: f32) {
    for known in found.iter_mut().rev() {
        if known.link == link && (known.along - along).abs() <= apart {
            if square < known.square || (square <= known.square && along < known.along) {
                (known.along, known.square) = (along, square);
            }
            return;
        }
    }
    found.push(Near {
        link,
        along,
        square,
    });
}

fn ordered(a: f32, b: f32) -> (f32, f32) {
    (a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many parallel lines of 30 km, 20 m apart.
    fn lines(count: u32) -> (Vec<Point>, Vec<f32>, Vec<u32>) {
        let points = (0..count).flat_map(|line| {
            let low = 20.0 * f64::from(line);
            [Point::new(0.0, low), Point::new(30_000.0, low + 9_000.0)]
        });
        let along = (0..count).flat_map(|_| [0.0, 31_320.92]);
        (
            points.collect(),
            along.collect(),
            (0..=count).map(|line| 2 * line).collect(),
        )
    }

    #[test]
    fn squares_grow_until_the_pieces_fit_and_answers_stay_the_same() {
        let (points, along, first) = lines(50);
        let fine = Grid::new(&points, &along, &first).unwrap();
        let coarse = Grid::within(2000, &points, &along, &first).unwrap();
        assert!(fine.pieces.len() > 2000 && coarse.pieces.len() <= 2000);
        assert!(coarse.side > fine.side);
        for x in [10.0, 7_000.0, 29_000.0] {
            let at = Point::new(x, 0.3 * x + 204.0);
            let (mut one, mut two) = (Vec::new(), Vec::new());
            fine.near(at, 30.0, 8, &mut one);
            coarse.near(at, 30.0, 8, &mut two);
            let of = |near: &[Near]| near.iter().map(|near| near.link).collect::<Vec<_>>();
            assert_eq!((of(&one), one[0].link), (of(&two), 10));
        }
    }

    #[test]
    fn more_lines_than_fit_into_one_square_are_refused() {
        let (points, along, first) = lines(50);
        let fault = Grid::within(99, &points, &along, &first).unwrap_err();
        assert!(
            fault.to_string().contains("100, more than the limit of 99"),
            "{fault}"
        );
    }
}
