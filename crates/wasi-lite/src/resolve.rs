//! Resolving guest paths below a directory. Nothing here lets a path lead out: an absolute path or link, or a `..` that
//! passes the directory, is [`Errno::NotCapable`].
//!
//! Every operation ends on a held directory and a single name in it, so that what happens to the tree between
//! resolving and acting changes which entry is hit, never which tree. A `..` goes back to the directory that was passed,
//! not to its parent of the moment.
use crate::abi::{Filestat, Filetype};
use crate::errno::{Errno, Result};
use crate::fs::{Directory, OpenOptions, Opened};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// How many symbolic links one path may go through.
const MAX_LINKS: usize = 40;

/// An entry, existing or not, by its directory and name.
pub(crate) struct Place {
    pub(crate) dir: Arc<dyn Directory>,
    /// Empty if the path ends in the directory itself (`.`, `a/..`).
    pub(crate) name: String,
    /// The path ends in a slash.
    pub(crate) must_be_dir: bool,
    /// The entry's attributes, where looking for a link has already asked for them.
    pub(crate) stat: Option<Filestat>,
}

impl Place {
    /// The name, or `error` where the path ends in the directory itself.
    pub(crate) fn named(&self, error: Errno) -> Result<&str> {
        if self.name.is_empty() { Err(error) } else { Ok(&self.name) }
    }

    /// The attributes of the entry.
    pub(crate) fn stat(&self) -> Result<Filestat> {
        match self.stat {
            Some(stat) => Ok(stat),
            None if self.name.is_empty() => self.dir.stat(),
            None => self.dir.stat_at(&self.name),
        }
    }
}

/// A path cut before its last component.
struct Cut<'a> {
    prefix: &'a str,
    name: &'a str,
    must_be_dir: bool,
}

fn cut(path: &str) -> Result<Cut<'_>> {
    if path.is_empty() {
        return Err(Errno::NoEnt);
    }
    if path.starts_with('/') {
        return Err(Errno::NotCapable);
    }
    let trimmed = path.trim_end_matches('/');
    let must_be_dir = trimmed.len() != path.len();
    let (prefix, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    Ok(match name {
        "." | ".." => Cut { prefix: trimmed, name: "", must_be_dir: true },
        _ => Cut { prefix, name, must_be_dir },
    })
}

/// Where the last component of `path` is; it is not followed itself.
pub(crate) fn locate(base: &Arc<dyn Directory>, path: &str) -> Result<Place> {
    let Cut { prefix, name, must_be_dir } = cut(path)?;
    Ok(Place { dir: enter(base, prefix)?, name: name.to_string(), must_be_dir, stat: None })
}

/// As [`locate`], following symbolic links in the last component too.
pub(crate) fn follow(base: &Arc<dyn Directory>, path: &str) -> Result<Place> {
    let mut path = Cow::Borrowed(path);
    for _ in 0..=MAX_LINKS {
        let place = locate(base, &path)?;
        match place.stat() {
            Ok(stat) if stat.filetype == Filetype::SymbolicLink => {}
            stat => return Ok(Place { stat: stat.ok(), ..place }),
        }
        let target = place.dir.read_link(&place.name)?;
        path = Cow::Owned(substitute(&path, &target)?);
    }
    Err(Errno::Loop)
}

/// The place that a lookup with or without [`SYMLINK_FOLLOW`](crate::abi::LookupFlags::SYMLINK_FOLLOW) means. A
/// trailing slash asks for a directory and so follows in any case.
pub(crate) fn lookup(base: &Arc<dyn Directory>, path: &str, following: bool) -> Result<Place> {
    if following || path.ends_with('/') { follow(base, path) } else { locate(base, path) }
}

/// Opens the file at `path`.
pub(crate) fn open(base: &Arc<dyn Directory>, path: &str, following: bool, options: &OpenOptions) -> Result<Opened> {
    cut(path)?;
    if let Some(opened) = base.open_path(path, following, options) {
        return opened;
    }
    let following = following || path.ends_with('/');
    let mut path = Cow::Borrowed(path);
    for _ in 0..=MAX_LINKS {
        let place = locate(base, &path)?;
        if place.name.is_empty() {
            return open_itself(&*place.dir, options);
        }
        if place.must_be_dir && options.create {
            return Err(Errno::IsDir);
        }
        let options = OpenOptions { directory: options.directory || place.must_be_dir, ..*options };
        let errno = match place.dir.open(&place.name, &options) {
            Err(errno @ (Errno::Loop | Errno::NotDir)) if following && !options.exclusive => errno,
            other => return other,
        };
        match place.dir.read_link(&place.name) {
            Ok(target) => path = Cow::Owned(substitute(&path, &target)?),
            Err(_) => return Err(errno),
        }
    }
    Err(Errno::Loop)
}

fn open_itself(dir: &dyn Directory, options: &OpenOptions) -> Result<Opened> {
    if options.create && options.exclusive {
        return Err(Errno::Exist);
    }
    if options.write || options.create || options.truncate {
        return Err(Errno::IsDir);
    }
    dir.reopen().map(Opened::Directory)
}

/// `path` with its last component, a symbolic link, replaced by the link's text.
fn substitute(path: &str, target: &str) -> Result<String> {
    if target.starts_with('/') {
        return Err(Errno::NotCapable);
    }
    let Cut { prefix, must_be_dir, .. } = cut(path)?;
    let slash = if must_be_dir { "/" } else { "" };
    Ok(if prefix.is_empty() { format!("{target}{slash}") } else { format!("{prefix}/{target}{slash}") })
}

/// The directory at the relative path `path`, following symbolic links.
fn enter(base: &Arc<dyn Directory>, path: &str) -> Result<Arc<dyn Directory>> {
    if path.is_empty() {
        return Ok(base.clone());
    }
    base.enter_path(path).unwrap_or_else(|| walk(base, path))
}

/// [`enter`] one component at a time.
fn walk(base: &Arc<dyn Directory>, path: &str) -> Result<Arc<dyn Directory>> {
    let mut passed = vec![base.clone()];
    let mut rest: Vec<String> = path.split('/').rev().map(ToString::to_string).collect();
    let mut links = 0;
    while let Some(name) = rest.pop() {
        match name.as_str() {
            "" | "." => continue,
            ".." if passed.len() == 1 => return Err(Errno::NotCapable),
            ".." => {
                passed.pop();
                continue;
            }
            _ => {}
        }
        let here = &passed[passed.len() - 1];
        match here.enter(&name) {
            Ok(dir) => passed.push(dir),
            Err(errno @ (Errno::Loop | Errno::NotDir)) => {
                let target = here.read_link(&name).map_err(|_| errno)?;
                links += 1;
                if links > MAX_LINKS {
                    return Err(Errno::Loop);
                }
                if target.starts_with('/') {
                    return Err(Errno::NotCapable);
                }
                rest.extend(target.split('/').rev().map(ToString::to_string));
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(passed.swap_remove(passed.len() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Result<(&str, &str, bool)> {
        cut(path).map(|cut| (cut.prefix, cut.name, cut.must_be_dir))
    }

    #[test]
    fn paths_are_cut_before_the_last_component() {
        assert_eq!(parts("a"), Ok(("", "a", false)));
        assert_eq!(parts("a/b//"), Ok(("a", "b", true)));
        assert_eq!(parts("a//b"), Ok(("a/", "b", false)));
        assert_eq!(parts("a/.."), Ok(("a/..", "", true)));
        assert_eq!(parts("./"), Ok((".", "", true)));
        assert_eq!(parts(""), Err(Errno::NoEnt));
        assert_eq!(parts("/a"), Err(Errno::NotCapable));
    }

    #[test]
    fn links_replace_the_last_component() {
        assert_eq!(substitute("a/b", "c/d").as_deref(), Ok("a/c/d"));
        assert_eq!(substitute("b/", "../d").as_deref(), Ok("../d/"));
        assert_eq!(substitute("b", "/etc"), Err(Errno::NotCapable));
    }
}
