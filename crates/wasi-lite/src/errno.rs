//! The error numbers of WASI preview 1 and how the host's errors map to them.

/// One row per error number: value, Rust name, symbolic name, meaning.
macro_rules! errnos {
    ($($value:literal $Name:ident $symbol:literal $text:literal;)*) => {
        /// An error number as the guest sees it; the discriminant is its ABI value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = concat!("`", $symbol, "`: ", $text, ".")] $Name = $value,)*
        }

        impl Errno {
            /// Every error number in ABI order, [`Errno::Success`] first.
            pub const ALL: &'static [Errno] = &[$(Errno::$Name),*];

            /// The symbolic name without the leading `E`, as `NOENT`.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$Name => $symbol,)* }
            }

            const fn text(self) -> &'static str {
                match self { $(Errno::$Name => $text,)* }
            }
        }
    };
}

errnos! {
    0 Success "SUCCESS" "success";
    1 TooBig "2BIG" "argument list too long";
    2 Acces "ACCES" "permission denied";
    3 AddrInUse "ADDRINUSE" "address in use";
    4 AddrNotAvail "ADDRNOTAVAIL" "address not available";
    5 AfNoSupport "AFNOSUPPORT" "address family not supported";
    6 Again "AGAIN" "resource unavailable, try again";
    7 Already "ALREADY" "connection already in progress";
    8 BadF "BADF" "bad file descriptor";
    9 BadMsg "BADMSG" "bad message";
    10 Busy "BUSY" "device or resource busy";
    11 Canceled "CANCELED" "operation cancelled";
    12 Child "CHILD" "no child processes";
    13 ConnAborted "CONNABORTED" "connection aborted";
    14 ConnRefused "CONNREFUSED" "connection refused";
    15 ConnReset "CONNRESET" "connection reset";
    16 Deadlk "DEADLK" "resource deadlock would occur";
    17 DestAddrReq "DESTADDRREQ" "destination address required";
    18 Dom "DOM" "argument out of the function's domain";
    19 DQuot "DQUOT" "disk quota exceeded";
    20 Exist "EXIST" "file exists";
    21 Fault "FAULT" "bad address";
    22 FBig "FBIG" "file too large";
    23 HostUnreach "HOSTUNREACH" "host unreachable";
    24 IdRm "IDRM" "identifier removed";
    25 IlSeq "ILSEQ" "illegal byte sequence";
    26 InProgress "INPROGRESS" "operation in progress";
    27 Intr "INTR" "interrupted function";
    28 Inval "INVAL" "invalid argument";
    29 Io "IO" "input/output error";
    30 IsConn "ISCONN" "socket is connected";
    31 IsDir "ISDIR" "is a directory";
    32 Loop "LOOP" "too many levels of symbolic links";
    33 MFile "MFILE" "file descriptor value too large";
    34 MLink "MLINK" "too many links";
    35 MsgSize "MSGSIZE" "message too large";
    36 Multihop "MULTIHOP" "multihop attempted";
    37 NameTooLong "NAMETOOLONG" "file name too long";
    38 NetDown "NETDOWN" "network is down";
    39 NetReset "NETRESET" "connection aborted by network";
    40 NetUnreach "NETUNREACH" "network unreachable";
    41 NFile "NFILE" "too many files open in system";
    42 NoBufs "NOBUFS" "no buffer space available";
    43 NoDev "NODEV" "no such device";
    44 NoEnt "NOENT" "no such file or directory";
    45 NoExec "NOEXEC" "executable file format error";
    46 NoLck "NOLCK" "no locks available";
    47 NoLink "NOLINK" "link has been severed";
    48 NoMem "NOMEM" "not enough space";
    49 NoMsg "NOMSG" "no message of the desired type";
    50 NoProtoOpt "NOPROTOOPT" "protocol not available";
    51 NoSpc "NOSPC" "no space left on device";
    52 NoSys "NOSYS" "function not supported";
    53 NotConn "NOTCONN" "socket is not connected";
    54 NotDir "NOTDIR" "not a directory";
    55 NotEmpty "NOTEMPTY" "directory not empty";
    56 NotRecoverable "NOTRECOVERABLE" "state not recoverable";
    57 NotSock "NOTSOCK" "not a socket";
    58 NotSup "NOTSUP" "not supported";
    59 NotTy "NOTTY" "inappropriate i/o control operation";
    60 NxIo "NXIO" "no such device or address";
    61 Overflow "OVERFLOW" "value too large for the data type";
    62 OwnerDead "OWNERDEAD" "previous owner died";
    63 Perm "PERM" "operation not permitted";
    64 Pipe "PIPE" "broken pipe";
    65 Proto "PROTO" "protocol error";
    66 ProtoNoSupport "PROTONOSUPPORT" "protocol not supported";
    67 Prototype "PROTOTYPE" "wrong protocol type for the socket";
    68 Range "RANGE" "result too large";
    69 RoFs "ROFS" "read-only file system";
    70 SPipe "SPIPE" "invalid seek";
    71 Srch "SRCH" "no such process";
    72 Stale "STALE" "stale file handle";
    73 TimedOut "TIMEDOUT" "connection timed out";
    74 TxtBsy "TXTBSY" "text file busy";
    75 XDev "XDEV" "cross-device link";
    76 NotCapable "NOTCAPABLE" "capabilities insufficient";
}

impl Errno {
    /// The value that a WASI function returns for this error.
    pub const fn raw(self) -> u16 {
        self as u16
    }

    /// The error number with this ABI value, if one is defined.
    pub fn from_raw(raw: u16) -> Option<Errno> {
        Errno::ALL.get(usize::from(raw)).copied()
    }
}

impl core::fmt::Display for Errno {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Errno {}

/// The result of everything that can fail with an [`Errno`].
pub type Result<T, E = Errno> = core::result::Result<T, E>;

#[cfg(all(feature = "std", unix))]
macro_rules! from_host {
    ($($HOST:ident => $Name:ident,)*) => {
        impl From<rustix::io::Errno> for Errno {
            fn from(host: rustix::io::Errno) -> Errno {
                match host {
                    $(rustix::io::Errno::$HOST => Errno::$Name,)*
                    _ => Errno::Io,
                }
            }
        }
    };
}

#[cfg(all(feature = "std", unix))]
from_host! {
    TOOBIG => TooBig,
    ACCESS => Acces,
    ADDRINUSE => AddrInUse,
    ADDRNOTAVAIL => AddrNotAvail,
    AFNOSUPPORT => AfNoSupport,
    AGAIN => Again,
    ALREADY => Already,
    BADF => BadF,
    BADMSG => BadMsg,
    BUSY => Busy,
    CANCELED => Canceled,
    CHILD => Child,
    CONNABORTED => ConnAborted,
    CONNREFUSED => ConnRefused,
    CONNRESET => ConnReset,
    DEADLK => Deadlk,
    DESTADDRREQ => DestAddrReq,
    DOM => Dom,
    DQUOT => DQuot,
    EXIST => Exist,
    FAULT => Fault,
    FBIG => FBig,
    HOSTUNREACH => HostUnreach,
    IDRM => IdRm,
    ILSEQ => IlSeq,
    INPROGRESS => InProgress,
    INTR => Intr,
    INVAL => Inval,
    IO => Io,
    ISCONN => IsConn,
    ISDIR => IsDir,
    LOOP => Loop,
    MFILE => MFile,
    MLINK => MLink,
    MSGSIZE => MsgSize,
    MULTIHOP => Multihop,
    NAMETOOLONG => NameTooLong,
    NETDOWN => NetDown,
    NETRESET => NetReset,
    NETUNREACH => NetUnreach,
    NFILE => NFile,
    NOBUFS => NoBufs,
    NODEV => NoDev,
    NOENT => NoEnt,
    NOEXEC => NoExec,
    NOLCK => NoLck,
    NOLINK => NoLink,
    NOMEM => NoMem,
    NOMSG => NoMsg,
    NOPROTOOPT => NoProtoOpt,
    NOSPC => NoSpc,
    NOSYS => NoSys,
    NOTCONN => NotConn,
    NOTDIR => NotDir,
    NOTEMPTY => NotEmpty,
    NOTRECOVERABLE => NotRecoverable,
    NOTSOCK => NotSock,
    NOTSUP => NotSup,
    NOTTY => NotTy,
    NXIO => NxIo,
    OVERFLOW => Overflow,
    OWNERDEAD => OwnerDead,
    PERM => Perm,
    PIPE => Pipe,
    PROTO => Proto,
    PROTONOSUPPORT => ProtoNoSupport,
    PROTOTYPE => Prototype,
    RANGE => Range,
    ROFS => RoFs,
    SPIPE => SPipe,
    SRCH => Srch,
    STALE => Stale,
    TIMEDOUT => TimedOut,
    TXTBSY => TxtBsy,
    XDEV => XDev,
}

#[cfg(feature = "std")]
impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Errno {
        use std::io::ErrorKind;
        #[cfg(unix)]
        if let Some(host) = rustix::io::Errno::from_io_error(&error) {
            return host.into();
        }
        match error.kind() {
            ErrorKind::NotFound => Errno::NoEnt,
            ErrorKind::PermissionDenied => Errno::Acces,
            ErrorKind::ConnectionRefused => Errno::ConnRefused,
            ErrorKind::ConnectionReset => Errno::ConnReset,
            ErrorKind::ConnectionAborted => Errno::ConnAborted,
            ErrorKind::NotConnected => Errno::NotConn,
            ErrorKind::AddrInUse => Errno::AddrInUse,
            ErrorKind::AddrNotAvailable => Errno::AddrNotAvail,
            ErrorKind::BrokenPipe => Errno::Pipe,
            ErrorKind::AlreadyExists => Errno::Exist,
            ErrorKind::WouldBlock => Errno::Again,
            ErrorKind::InvalidInput => Errno::Inval,
            ErrorKind::InvalidData => Errno::IlSeq,
            ErrorKind::TimedOut => Errno::TimedOut,
            ErrorKind::Interrupted => Errno::Intr,
            ErrorKind::Unsupported => Errno::NotSup,
            ErrorKind::OutOfMemory => Errno::NoMem,
            _ => Errno::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_dense_and_round_trip() {
        assert_eq!(Errno::ALL.len(), 77);
        for (value, errno) in Errno::ALL.iter().enumerate() {
            assert_eq!(usize::from(errno.raw()), value);
            assert_eq!(Errno::from_raw(errno.raw()), Some(*errno));
        }
        assert_eq!(Errno::from_raw(77), None);
        assert_eq!((Errno::BadF.raw(), Errno::NoSys.raw(), Errno::NotCapable.raw()), (8, 52, 76));
    }
}
