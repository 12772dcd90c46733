//! Machine code for x86-64, as much as images of tests need: system calls with constant arguments, one after the other.

/// Code, from its first instruction.
#[derive(Clone, Default)]
pub struct Code(pub Vec<u8>);

impl Code {
    /// `rax = call(…)`.
    pub fn call(mut self, number: u64, arguments: &[u64]) -> Self {
        const MOVES: [[u8; 2]; 6] =
            [[0x48, 0xBF], [0x48, 0xBE], [0x48, 0xBA], [0x49, 0xBA], [0x49, 0xB8], [0x49, 0xB9]];
        for (index, register) in MOVES.iter().enumerate() {
            self = self.bytes(register).bytes(&arguments.get(index).copied().unwrap_or(0).to_le_bytes());
        }
        self.bytes(&[0x48, 0xB8]).bytes(&number.to_le_bytes()).bytes(&[0x0F, 0x05])
    }

    /// The same through the interface of 32-bit programs, where numbers are others.
    pub fn call32(self, number: u32, first: u32) -> Self {
        let of = |opcode: u8, value: u32| [&[opcode][..], &value.to_le_bytes()].concat();
        // mov eax, number; mov ebx, first; xor ecx, ecx; xor edx, edx; int 0x80; movsxd rax, eax
        self.bytes(&of(0xB8, number))
            .bytes(&of(0xBB, first))
            .bytes(&[0x31, 0xC9, 0x31, 0xD2, 0xCD, 0x80, 0x48, 0x63, 0xC0])
    }

    /// `*address = rax`.
    pub fn store(self, address: u64) -> Self {
        self.bytes(&[0x48, 0xA3]).bytes(&address.to_le_bytes())
    }

    /// `rax = *address`.
    pub fn load(self, address: u64) -> Self {
        self.bytes(&[0x48, 0xA1]).bytes(&address.to_le_bytes())
    }

    /// Ends well.
    pub fn done(self) -> Self {
        self.call(231, &[0])
    }

    /// For ever.
    pub fn endless(self, around: usize) -> Self {
        let back = (around as i32 + 5).wrapping_neg();
        self.bytes(&[0xE9]).bytes(&back.to_le_bytes())
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}
