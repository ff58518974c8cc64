//! The table of functions: one row per function of WASI preview 1 with its wasm name and type.

/// A WebAssembly number type, as far as WASI's functions use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
}

macro_rules! functions {
    ($($Name:ident $name:literal ($($param:ident)*) ($($result:ident)?);)*) => {
        /// A function of WASI preview 1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function {
            $(#[doc = concat!("`", $name, "`")] $Name,)*
        }

        impl Function {
            /// Every function.
            pub const ALL: &'static [Function] = &[$(Function::$Name),*];

            /// The name under which a module imports the function.
            pub const fn name(self) -> &'static str {
                match self { $(Function::$Name => $name,)* }
            }

            /// The parameter types.
            pub const fn params(self) -> &'static [ValType] {
                match self { $(Function::$Name => &[$(ValType::$param),*],)* }
            }

            /// The result types: one `i32`, the [`Errno`](crate::Errno); none for `proc_exit`.
            pub const fn results(self) -> &'static [ValType] {
                match self { $(Function::$Name => &[$(ValType::$result)?],)* }
            }
        }
    };
}

functions! {
    ArgsGet "args_get" (I32 I32) (I32);
    ArgsSizesGet "args_sizes_get" (I32 I32) (I32);
    EnvironGet "environ_get" (I32 I32) (I32);
    EnvironSizesGet "environ_sizes_get" (I32 I32) (I32);
    ClockResGet "clock_res_get" (I32 I32) (I32);
    ClockTimeGet "clock_time_get" (I32 I64 I32) (I32);
    FdAdvise "fd_advise" (I32 I64 I64 I32) (I32);
    FdAllocate "fd_allocate" (I32 I64 I64) (I32);
    FdClose "fd_close" (I32) (I32);
    FdDatasync "fd_datasync" (I32) (I32);
    FdFdstatGet "fd_fdstat_get" (I32 I32) (I32);
    FdFdstatSetFlags "fd_fdstat_set_flags" (I32 I32) (I32);
    FdFdstatSetRights "fd_fdstat_set_rights" (I32 I64 I64) (I32);
    FdFilestatGet "fd_filestat_get" (I32 I32) (I32);
    FdFilestatSetSize "fd_filestat_set_size" (I32 I64) (I32);
    FdFilestatSetTimes "fd_filestat_set_times" (I32 I64 I64 I32) (I32);
    FdPread "fd_pread" (I32 I32 I32 I64 I32) (I32);
    FdPrestatGet "fd_prestat_get" (I32 I32) (I32);
    FdPrestatDirName "fd_prestat_dir_name" (I32 I32 I32) (I32);
    FdPwrite "fd_pwrite" (I32 I32 I32 I64 I32) (I32);
    FdRead "fd_read" (I32 I32 I32 I32) (I32);
    FdReaddir "fd_readdir" (I32 I32 I32 I64 I32) (I32);
    FdRenumber "fd_renumber" (I32 I32) (I32);
    FdSeek "fd_seek" (I32 I64 I32 I32) (I32);
    FdSync "fd_sync" (I32) (I32);
    FdTell "fd_tell" (I32 I32) (I32);
    FdWrite "fd_write" (I32 I32 I32 I32) (I32);
    PathCreateDirectory "path_create_directory" (I32 I32 I32) (I32);
    PathFilestatGet "path_filestat_get" (I32 I32 I32 I32 I32) (I32);
    PathFilestatSetTimes "path_filestat_set_times" (I32 I32 I32 I32 I64 I64 I32) (I32);
    PathLink "path_link" (I32 I32 I32 I32 I32 I32 I32) (I32);
    PathOpen "path_open" (I32 I32 I32 I32 I32 I64 I64 I32 I32) (I32);
    PathReadlink "path_readlink" (I32 I32 I32 I32 I32 I32) (I32);
    PathRemoveDirectory "path_remove_directory" (I32 I32 I32) (I32);
    PathRename "path_rename" (I32 I32 I32 I32 I32 I32) (I32);
    PathSymlink "path_symlink" (I32 I32 I32 I32 I32) (I32);
    PathUnlinkFile "path_unlink_file" (I32 I32 I32) (I32);
    PollOneoff "poll_oneoff" (I32 I32 I32 I32) (I32);
    ProcExit "proc_exit" (I32) ();
    ProcRaise "proc_raise" (I32) (I32);
    SchedYield "sched_yield" () (I32);
    RandomGet "random_get" (I32 I32) (I32);
    SockAccept "sock_accept" (I32 I32 I32) (I32);
    SockRecv "sock_recv" (I32 I32 I32 I32 I32 I32) (I32);
    SockSend "sock_send" (I32 I32 I32 I32 I32) (I32);
    SockShutdown "sock_shutdown" (I32 I32) (I32);
}

impl Function {
    /// The function with this import name.
    pub fn by_name(name: &str) -> Option<Function> {
        Function::ALL.iter().copied().find(|function| function.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_46_functions_and_names_are_unique() {
        assert_eq!(Function::ALL.len(), 46);
        for function in Function::ALL {
            assert_eq!(Function::by_name(function.name()), Some(*function));
            assert_eq!(function.results().is_empty(), *function == Function::ProcExit);
        }
        assert_eq!(Function::by_name("fd_open"), None);
    }
}
