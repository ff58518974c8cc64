//! A host directory whose paths are walked by the crate instead of the kernel.
use std::sync::Arc;
use wasi_lite::fs::host::HostDir;
use wasi_lite::fs::{DirEntry, Directory, OpenOptions, Opened, SetTime};
use wasi_lite::{Filestat, Result};

pub struct Walking(pub Arc<HostDir>);

/// Wraps a directory that came out of a host directory.
fn wrap(dir: Arc<dyn Directory>) -> Arc<dyn Directory> {
    let dir: Arc<dyn std::any::Any + Send + Sync> = dir;
    Arc::new(Walking(dir.downcast().expect("host directories open host directories")))
}

fn inner(dir: &dyn Directory) -> Result<&dyn Directory> {
    Ok(&*dir.downcast::<Walking>()?.0)
}

impl Directory for Walking {
    fn open(&self, name: &str, options: &OpenOptions) -> Result<Opened> {
        Ok(match Directory::open(&*self.0, name, options)? {
            Opened::Directory(dir) => Opened::Directory(wrap(dir)),
            file => file,
        })
    }
    fn reopen(&self) -> Result<Arc<dyn Directory>> {
        self.0.reopen().map(wrap)
    }
    fn enter(&self, name: &str) -> Result<Arc<dyn Directory>> {
        self.0.enter(name).map(wrap)
    }
    fn stat(&self) -> Result<Filestat> {
        self.0.stat()
    }
    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.0.set_times(atim, mtim)
    }
    fn sync(&self, data_only: bool) -> Result<()> {
        self.0.sync(data_only)
    }
    fn entries(&self) -> Result<Vec<DirEntry>> {
        self.0.entries()
    }
    fn stat_at(&self, name: &str) -> Result<Filestat> {
        self.0.stat_at(name)
    }
    fn set_times_at(&self, name: &str, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.0.set_times_at(name, atim, mtim)
    }
    fn create_directory(&self, name: &str) -> Result<()> {
        self.0.create_directory(name)
    }
    fn remove_directory(&self, name: &str) -> Result<()> {
        self.0.remove_directory(name)
    }
    fn unlink(&self, name: &str) -> Result<()> {
        self.0.unlink(name)
    }
    fn symlink(&self, target: &str, name: &str) -> Result<()> {
        self.0.symlink(target, name)
    }
    fn read_link(&self, name: &str) -> Result<String> {
        self.0.read_link(name)
    }
    fn link(&self, name: &str, new_dir: &dyn Directory, new_name: &str) -> Result<()> {
        self.0.link(name, inner(new_dir)?, new_name)
    }
    fn rename(&self, name: &str, new_dir: &dyn Directory, new_name: &str) -> Result<()> {
        self.0.rename(name, inner(new_dir)?, new_name)
    }
}
