//! CRC-32C of a packet's payload by what the sender uses, beside a table in software and a plain read of the same bytes: the
//! first must be the processor's instruction.
#![allow(missing_docs, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// The polynomial, bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Payload of a packet at an MTU of 1500, and of one at 9000.
const LENGTHS: [usize; 2] = [1_482, 8_982];

/// One table, one byte at a time.
struct Table([u32; 256]);

impl Table {
    fn new() -> Self {
        let entry = |byte: u32| (0..8).fold(byte, |crc, _| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 });
        let mut entries = 0..256;
        Self([(); 256].map(|()| entries.next().map_or(0, entry)))
    }

    fn crc(&self, bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, &byte| self.0[((crc ^ u32::from(byte)) & 0xff) as usize] ^ crc >> 8)
    }
}

fn checksum(criterion: &mut Criterion) {
    let table = Table::new();
    let mut group = criterion.benchmark_group("crc32c");
    for length in LENGTHS {
        let payload: Vec<u8> = (0..=250).cycle().take(length).collect();
        assert_eq!(table.crc(&payload), crc32c::crc32c(&payload), "the same sum");
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("instruction/{length}"), |bench| bench.iter(|| crc32c::crc32c(black_box(&payload))));
        group.bench_function(format!("table/{length}"), |bench| bench.iter(|| table.crc(black_box(&payload))));
        let mut copy = vec![0; length];
        group.bench_function(format!("copy/{length}"), |bench| bench.iter(|| copy.copy_from_slice(black_box(&payload))));
    }
    group.finish();
}

criterion_group!(benches, checksum);
criterion_main!(benches);
