//! Types and memory layouts of the two ABIs: `wasi_snapshot_preview1` and its predecessor `wasi_unstable`.
use crate::errno::{Errno, Result};

/// Which of the two import modules a call comes from. They share their functions and differ in three layouts: the
/// order of `whence`, `filestat`, and `subscription`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Abi {
    /// `wasi_snapshot_preview1`.
    #[default]
    Preview1,
    /// `wasi_unstable`, which modules of 2019 import.
    Unstable,
}

impl Abi {
    /// The name of the import module.
    pub const fn module(self) -> &'static str {
        match self {
            Abi::Preview1 => "wasi_snapshot_preview1",
            Abi::Unstable => "wasi_unstable",
        }
    }

    /// The ABI whose import module has this name.
    pub fn by_module(name: &str) -> Option<Abi> {
        [Abi::Preview1, Abi::Unstable].into_iter().find(|abi| abi.module() == name)
    }

    /// The origin that a raw `whence` names.
    pub(crate) fn whence(self, raw: u32) -> Result<Whence> {
        let order = match self {
            Abi::Preview1 => [Whence::Set, Whence::Current, Whence::End],
            Abi::Unstable => [Whence::Current, Whence::End, Whence::Set],
        };
        order.get(raw as usize).copied().ok_or(Errno::Inval)
    }

    /// Size of a `subscription` in bytes.
    pub(crate) const fn subscription_bytes(self) -> u32 {
        match self {
            Abi::Preview1 => 48,
            Abi::Unstable => 56,
        }
    }
}

/// What a seek offset is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// The start of the file.
    Set,
    /// The current position.
    Current,
    /// The end of the file.
    End,
}

/// The type of a file; the discriminant is its ABI value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Filetype {
    /// Unknown or none of the others.
    #[default]
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device; on a standard stream, what makes the guest believe in a terminal.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDgram = 5,
    /// A byte-stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

/// A file's attributes. Times are nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filestat {
    /// Device that holds the file.
    pub dev: u64,
    /// Serial number, unique on its device.
    pub ino: u64,
    /// Type of the file.
    pub filetype: Filetype,
    /// Number of hard links.
    pub nlink: u64,
    /// Size in bytes; for a symbolic link, of its target's text.
    pub size: u64,
    /// Last access.
    pub atim: u64,
    /// Last change of the data.
    pub mtim: u64,
    /// Last change of the attributes.
    pub ctim: u64,
}

impl Filestat {
    /// The ABI form and how many of its bytes count.
    pub(crate) fn encode(&self, abi: Abi) -> ([u8; 64], usize) {
        let mut out = [0; 64];
        let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.dev.to_le_bytes());
        put(8, &self.ino.to_le_bytes());
        put(16, &[self.filetype as u8]);
        let rest = match abi {
            Abi::Preview1 => {
                put(24, &self.nlink.to_le_bytes());
                32
            }
            Abi::Unstable => {
                put(20, &u32::try_from(self.nlink).unwrap_or(u32::MAX).to_le_bytes());
                24
            }
        };
        for (index, field) in [self.size, self.atim, self.mtim, self.ctim].into_iter().enumerate() {
            put(rest + index * 8, &field.to_le_bytes());
        }
        (out, rest + 32)
    }
}

bitflags::bitflags! {
    /// What a descriptor may be used for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Rights: u64 {
        /// `fd_datasync`.
        const FD_DATASYNC = 1 << 0;
        /// `fd_read`, `sock_recv`; with `FD_SEEK` also `fd_pread`.
        const FD_READ = 1 << 1;
        /// `fd_seek`; implies `FD_TELL`.
        const FD_SEEK = 1 << 2;
        /// `fd_fdstat_set_flags`.
        const FD_FDSTAT_SET_FLAGS = 1 << 3;
        /// `fd_sync`.
        const FD_SYNC = 1 << 4;
        /// `fd_tell`.
        const FD_TELL = 1 << 5;
        /// `fd_write`, `sock_send`; with `FD_SEEK` also `fd_pwrite`.
        const FD_WRITE = 1 << 6;
        /// `fd_advise`.
        const FD_ADVISE = 1 << 7;
        /// `fd_allocate`.
        const FD_ALLOCATE = 1 << 8;
        /// `path_create_directory`.
        const PATH_CREATE_DIRECTORY = 1 << 9;
        /// `path_open` with `CREAT`.
        const PATH_CREATE_FILE = 1 << 10;
        /// `path_link` with this directory as the source.
        const PATH_LINK_SOURCE = 1 << 11;
        /// `path_link` with this directory as the target.
        const PATH_LINK_TARGET = 1 << 12;
        /// `path_open`.
        const PATH_OPEN = 1 << 13;
        /// `fd_readdir`.
        const FD_READDIR = 1 << 14;
        /// `path_readlink`.
        const PATH_READLINK = 1 << 15;
        /// `path_rename` with this directory as the source.
        const PATH_RENAME_SOURCE = 1 << 16;
        /// `path_rename` with this directory as the target.
        const PATH_RENAME_TARGET = 1 << 17;
        /// `path_filestat_get`.
        const PATH_FILESTAT_GET = 1 << 18;
        /// `path_open` with `TRUNC`.
        const PATH_FILESTAT_SET_SIZE = 1 << 19;
        /// `path_filestat_set_times`.
        const PATH_FILESTAT_SET_TIMES = 1 << 20;
        /// `fd_filestat_get`.
        const FD_FILESTAT_GET = 1 << 21;
        /// `fd_filestat_set_size`.
        const FD_FILESTAT_SET_SIZE = 1 << 22;
        /// `fd_filestat_set_times`.
        const FD_FILESTAT_SET_TIMES = 1 << 23;
        /// `path_symlink`.
        const PATH_SYMLINK = 1 << 24;
        /// `path_remove_directory`.
        const PATH_REMOVE_DIRECTORY = 1 << 25;
        /// `path_unlink_file`.
        const PATH_UNLINK_FILE = 1 << 26;
        /// `poll_oneoff` on the descriptor.
        const POLL_FD_READWRITE = 1 << 27;
        /// `sock_shutdown`.
        const SOCK_SHUTDOWN = 1 << 28;
        /// `sock_accept`.
        const SOCK_ACCEPT = 1 << 29;
    }

    /// Flags of an open descriptor.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FdFlags: u16 {
        /// Every write goes to the end of the file.
        const APPEND = 1 << 0;
        /// Writes reach the disk before they return: data only.
        const DSYNC = 1 << 1;
        /// Operations do not wait.
        const NONBLOCK = 1 << 2;
        /// Reads are synchronised like writes.
        const RSYNC = 1 << 3;
        /// Writes reach the disk before they return: data and attributes.
        const SYNC = 1 << 4;
    }

    /// How `path_open` opens.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct OFlags: u16 {
        /// Create the file if it does not exist.
        const CREAT = 1 << 0;
        /// Fail unless it is a directory.
        const DIRECTORY = 1 << 1;
        /// Fail if the file exists.
        const EXCL = 1 << 2;
        /// Cut the file to zero bytes.
        const TRUNC = 1 << 3;
    }

    /// How a path is looked up.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct LookupFlags: u32 {
        /// Follow a symbolic link in the last component.
        const SYMLINK_FOLLOW = 1 << 0;
    }

    /// Which times to set, and to what.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FstFlags: u16 {
        /// Set the access time to the given value.
        const ATIM = 1 << 0;
        /// Set the access time to the current time.
        const ATIM_NOW = 1 << 1;
        /// Set the modification time to the given value.
        const MTIM = 1 << 2;
        /// Set the modification time to the current time.
        const MTIM_NOW = 1 << 3;
    }

    /// Flags of `sock_recv`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RiFlags: u16 {
        /// Leave the data in the socket.
        const RECV_PEEK = 1 << 0;
        /// Wait until the buffers are full.
        const RECV_WAITALL = 1 << 1;
    }

    /// Which directions `sock_shutdown` closes.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SdFlags: u8 {
        /// No more receiving.
        const RD = 1 << 0;
        /// No more sending.
        const WR = 1 << 1;
    }
}

/// The flags with these bits, or `EINVAL` if a bit is undefined.
macro_rules! parse_flags {
    ($($name:ident: $Flags:ident($bits:ty);)*) => {$(
        pub(crate) fn $name(raw: u32) -> Result<$Flags> {
            <$bits>::try_from(raw).ok().and_then($Flags::from_bits).ok_or(Errno::Inval)
        }
    )*};
}

parse_flags! {
    fd_flags: FdFlags(u16);
    o_flags: OFlags(u16);
    lookup_flags: LookupFlags(u32);
    fst_flags: FstFlags(u16);
    ri_flags: RiFlags(u16);
    sd_flags: SdFlags(u8);
}

impl Rights {
    /// What can be done with a directory.
    pub const DIRECTORY: Rights = Rights::FD_FDSTAT_SET_FLAGS
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::PATH_CREATE_DIRECTORY)
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_OPEN)
        .union(Rights::FD_READDIR)
        .union(Rights::PATH_READLINK)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_GET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE)
        .union(Rights::POLL_FD_READWRITE);

    /// What can be done with a file.
    pub const FILE: Rights = Rights::FD_DATASYNC
        .union(Rights::FD_READ)
        .union(Rights::FD_SEEK)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_TELL)
        .union(Rights::FD_WRITE)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::POLL_FD_READWRITE);

    /// What can be done with a standard stream. Without the right to seek, or the guest takes a terminal for a file.
    pub const STREAM: Rights = Rights::FD_READ
        .union(Rights::FD_WRITE)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE);

    /// What can be done with a connected socket.
    pub const SOCKET: Rights = Rights::FD_READ
        .union(Rights::FD_WRITE)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE)
        .union(Rights::SOCK_SHUTDOWN);

    /// What can be done with a listening socket.
    pub const LISTENER: Rights = Rights::SOCKET.union(Rights::SOCK_ACCEPT);

    /// The rights whose use changes a file system; what a read-only mount refuses.
    pub(crate) const MUTATING: Rights = Rights::FD_WRITE
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::PATH_CREATE_DIRECTORY)
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filestat_layouts_follow_the_abi() {
        let stat =
            Filestat { dev: 1, ino: 2, filetype: Filetype::RegularFile, nlink: 3, size: 4, atim: 5, mtim: 6, ctim: 7 };
        let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let (new, len) = stat.encode(Abi::Preview1);
        assert_eq!((len, new[16]), (64, 4));
        assert_eq!([24, 32, 40, 48, 56].map(|at| word(&new, at)), [3, 4, 5, 6, 7]);
        let (old, len) = stat.encode(Abi::Unstable);
        assert_eq!((len, old[16], old[20]), (56, 4, 3));
        assert_eq!([24, 32, 40, 48].map(|at| word(&old, at)), [4, 5, 6, 7]);
    }

    #[test]
    fn whence_is_ordered_by_the_abi() {
        assert_eq!(Abi::Preview1.whence(0), Ok(Whence::Set));
        assert_eq!(Abi::Unstable.whence(0), Ok(Whence::Current));
        assert_eq!(Abi::Unstable.whence(2), Ok(Whence::Set));
        assert_eq!(Abi::Preview1.whence(3), Err(Errno::Inval));
    }

    #[test]
    fn undefined_flag_bits_are_refused() {
        assert_eq!(o_flags(16), Err(Errno::Inval));
        assert_eq!(fd_flags(0x1_0000), Err(Errno::Inval));
        assert_eq!(fd_flags(1), Ok(FdFlags::APPEND));
    }
}
