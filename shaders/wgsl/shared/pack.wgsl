// Codes into words of packet memory; twin of src/cpu/pack.rs. One thread owns whole words, so no two threads meet in one.

struct Packer {
    // The word that is being filled, its first byte topmost, and the bits in use.
    held: u32,
    count: u32,
    // The next word, and the end of the packet.
    word: u32,
    end: u32,
}

fn flush(p: ptr<function, Packer>) {
    if ((*p).word < (*p).end) {
        let h = (*p).held;
        packets[(*p).word] = (h >> 24u) | ((h >> 8u) & 0xff00u) | ((h << 8u) & 0xff0000u) | (h << 24u);
    }
    (*p).word += 1u;
    (*p).held = 0u;
    (*p).count = 0u;
}

fn put(p: ptr<function, Packer>, code: u32, bits: u32) {
    let free = 32u - (*p).count;
    if (bits < free) {
        (*p).held |= code << (free - bits);
        (*p).count += bits;
        return;
    }
    let over = bits - free;
    (*p).held |= code >> over;
    flush(p);
    if (over > 0u) {
        (*p).held = code << (32u - over);
        (*p).count = over;
    }
}
