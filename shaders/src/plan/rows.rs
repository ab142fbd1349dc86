//! Which tiles the rows of a screen cross, from left to right: what lets the CPU walk the source in raster order.

use core::ops::Range;

use super::tile::Tile;

/// Consecutive rows that cross the same tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowBand {
    /// The rows.
    pub(crate) rows: Range<u32>,
    /// What lies in them, from left to right.
    pub(crate) spans: Vec<Span>,
    /// Ranges of spans without a gap that share encoder and levels and are all calibrated or all not.
    pub(crate) segments: Vec<Range<usize>>,
}

/// Columns that are treated alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// The columns.
    pub(crate) columns: Range<u32>,
    /// Index of a tile that says how.
    pub(crate) tile: usize,
}

/// The bands of screen `screen`. Rows and columns without a tile that a port carries are left out.
pub(crate) fn bands(tiles: &[Tile], screen: usize) -> Vec<RowBand> {
    let mut own: Vec<(usize, &Tile)> =
        tiles.iter().enumerate().filter(|(_, t)| t.screen.index() == screen && t.encoder.is_some()).collect();
    let mut edges: Vec<u32> = own.iter().flat_map(|(_, t)| [t.rect.y, t.rect.y + t.rect.height]).collect();
    edges.sort_unstable();
    edges.dedup();
    own.sort_by_key(|(_, tile)| tile.rect.y);
    let mut bands = Vec::new();
    // Tiles that reach into the band at hand: those that began at or above it and have not ended.
    let mut active: Vec<(usize, &Tile)> = Vec::new();
    let mut next = own.into_iter().peekable();
    for (&top, &bottom) in edges.iter().zip(edges.iter().skip(1)) {
        active.retain(|(_, tile)| tile.rect.bottom() > u64::from(top));
        while let Some(tile) = next.next_if(|(_, tile)| tile.rect.y <= top) {
            active.push(tile);
        }
        active.sort_by_key(|(_, tile)| tile.rect.x);
        let spans = spans(&active, tiles);
        if !spans.is_empty() {
            let segments = segments(&spans, tiles);
            bands.push(RowBand { rows: top..bottom, spans, segments });
        }
    }
    bands
}

/// Spans of tiles sorted by column; neighbours that are treated alike become one.
fn spans(sorted: &[(usize, &Tile)], tiles: &[Tile]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for &(index, tile) in sorted {
        let columns = tile.rect.x..tile.rect.x + tile.rect.width;
        match spans.last_mut() {
            Some(last) if last.columns.end == columns.start && tiles.get(last.tile).is_some_and(|left| left.acts_like(tile)) => {
                last.columns.end = columns.end;
            }
            _ => spans.push(Span { columns, tile: index }),
        }
    }
    spans
}

/// Runs of spans without a gap whose tiles share encoder and levels and are all calibrated or all not.
fn segments(spans: &[Span], tiles: &[Tile]) -> Vec<Range<usize>> {
    let key = |span: &Span| tiles.get(span.tile).map(|tile| (tile.encoder, tile.levels, tile.is_calibrated()));
    let mut segments: Vec<Range<usize>> = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        let left = index.checked_sub(1).and_then(|left| spans.get(left));
        let joined = left.is_some_and(|left| left.columns.end == span.columns.start && key(left) == key(span));
        match segments.last_mut() {
            Some(last) if joined => last.end = index + 1,
            _ => segments.push(index..index + 1),
        }
    }
    segments
}
