//! The shim between SQLite and the system's own files: passes everything on, and tells the [`Disk`].
#![expect(unsafe_code, reason = "SQLite's file layer is replaced through its C interface")]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use super::{Disk, Op};

/// Makes the shim the default for every connection of this process; others do not notice.
pub(super) fn install() {
    REAL.get_or_init(|| {
        // SAFETY: the system's default is registered for the life of the process. The copy is leaked, so
        // it lives as long. `szOsFile` leaves room for our part before the real one.
        unsafe {
            let real = ffi::sqlite3_vfs_find(ptr::null());
            let mut shim = *real;
            shim.zName = c"watched".as_ptr();
            shim.szOsFile += c_int::try_from(size_of::<ShimFile>()).unwrap();
            shim.pNext = ptr::null_mut();
            shim.xOpen = Some(open);
            shim.xDelete = Some(delete);
            assert_eq!(ffi::sqlite3_vfs_register(Box::leak(Box::new(shim)), 1), ffi::SQLITE_OK);
            Real(real)
        }
    });
}

/// What SQLite holds as a file: ours first, the system's right behind it.
#[repr(C)]
struct ShimFile {
    base: sqlite3_file,
    /// Owned; null when the file is in no watched folder.
    watched: *mut Watched,
}

struct Watched {
    disk: Disk,
    name: String,
    /// Whether its first sync makes its name durable too, as SQLite does with a log that it creates.
    is_new_log: AtomicBool,
}

struct Real(*mut sqlite3_vfs);

// SAFETY: SQLite itself calls one VFS from every thread.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn real_vfs() -> *mut sqlite3_vfs {
    REAL.get().expect("the shim is called only once it is installed").0
}

/// The system's part of `file`.
///
/// # Safety
/// `file` was given to [`open`] by SQLite.
unsafe fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` made room for it.
    unsafe { file.cast::<ShimFile>().add(1).cast() }
}

/// The system's methods for `file`.
///
/// # Safety
/// As [`real`], and the file is open.
unsafe fn methods(file: *mut sqlite3_file) -> &'static sqlite3_io_methods {
    // SAFETY: the system's methods are static.
    unsafe { &*(*real(file)).pMethods }
}

/// # Safety
/// As [`methods`].
unsafe fn watched<'a>(file: *mut sqlite3_file) -> Option<&'a Watched> {
    // SAFETY: set in `open`, freed in `close`.
    unsafe { (*file.cast::<ShimFile>()).watched.as_ref() }
}

/// # Safety
/// `name` is null or a C string.
unsafe fn find(name: *const c_char) -> Option<Watched> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite's promise.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()));
    let disk = Disk::of(path)?;
    let name = path.file_name()?.to_str()?.to_owned();
    Some(Watched { disk, name, is_new_log: AtomicBool::new(false) })
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `file` has room for both parts; the rest is passed on as it came.
    unsafe {
        let shim = file.cast::<ShimFile>();
        (*shim).base.pMethods = ptr::null();
        (*shim).watched = ptr::null_mut();
        let open = (*real_vfs()).xOpen.unwrap();
        let code = open(real_vfs(), name, real(file), flags, out_flags);
        if !(*real(file)).pMethods.is_null() {
            (*shim).base.pMethods = &raw const METHODS;
            (*shim).watched = find(name).map_or(ptr::null_mut(), |mut found| {
                let is_log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
                *found.is_new_log.get_mut() = is_log && flags & ffi::SQLITE_OPEN_CREATE != 0;
                Box::into_raw(Box::new(found))
            });
        }
        code
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: passed on as it came.
    unsafe {
        let delete = (*real_vfs()).xDelete.unwrap();
        let found = find(name);
        let code = delete(real_vfs(), name, if found.is_some() { 0 } else { sync_folder });
        if let Some(Watched { disk, name: file, .. }) = found
            && code == ffi::SQLITE_OK
        {
            disk.push(Op::Delete { file });
            if sync_folder != 0 {
                disk.push(Op::SyncFolder);
            }
        }
        code
    }
}

// SAFETY, for all that follows: SQLite calls these with files that `open` opened, and what is not ours
// is passed on as it came.

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    unsafe {
        let code = methods(file).xClose.unwrap()(real(file));
        let shim = file.cast::<ShimFile>();
        if !(*shim).watched.is_null() {
            drop(Box::from_raw((*shim).watched));
            (*shim).watched = ptr::null_mut();
        }
        code
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    len: c_int,
    offset: sqlite3_int64,
) -> c_int {
    unsafe {
        let write = methods(file).xWrite.unwrap();
        let Some(Watched { disk, name, .. }) = watched(file) else {
            return write(real(file), bytes, len, offset);
        };
        let fits = disk.spend(usize::try_from(len).unwrap());
        let code = write(real(file), bytes, c_int::try_from(fits).unwrap(), offset);
        let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), fits).to_vec();
        disk.push(Op::Write { file: name.clone(), offset: u64::try_from(offset).unwrap(), bytes });
        if code == ffi::SQLITE_OK && fits < usize::try_from(len).unwrap() { ffi::SQLITE_FULL } else { code }
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, len: sqlite3_int64) -> c_int {
    unsafe {
        let code = methods(file).xTruncate.unwrap()(real(file), len);
        if let Some(Watched { disk, name, .. }) = watched(file) {
            disk.push(Op::Truncate { file: name.clone(), len: u64::try_from(len).unwrap() });
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    unsafe {
        let Some(Watched { disk, name, is_new_log }) = watched(file) else {
            return methods(file).xSync.unwrap()(real(file), flags);
        };
        if !disk.is_sync_good() {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        disk.push(Op::Sync { file: name.clone() });
        if is_new_log.swap(false, Ordering::Relaxed) {
            disk.push(Op::SyncFolder);
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    into: *mut c_void,
    len: c_int,
    offset: sqlite3_int64,
) -> c_int {
    unsafe { methods(file).xRead.unwrap()(real(file), into, len, offset) }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    unsafe { methods(file).xFileSize.unwrap()(real(file), size) }
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    unsafe { methods(file).xLock.unwrap()(real(file), level) }
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    unsafe { methods(file).xUnlock.unwrap()(real(file), level) }
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    unsafe { methods(file).xCheckReservedLock.unwrap()(real(file), out) }
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, op: c_int, arg: *mut c_void) -> c_int {
    unsafe { methods(file).xFileControl.unwrap()(real(file), op, arg) }
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    unsafe { methods(file).xSectorSize.unwrap()(real(file)) }
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    unsafe { methods(file).xDeviceCharacteristics.unwrap()(real(file)) }
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    unsafe { methods(file).xShmMap.unwrap()(real(file), page, size, extend, out) }
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, offset: c_int, n: c_int, flags: c_int) -> c_int {
    unsafe { methods(file).xShmLock.unwrap()(real(file), offset, n, flags) }
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    unsafe { methods(file).xShmBarrier.unwrap()(real(file)) }
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, is_delete: c_int) -> c_int {
    unsafe { methods(file).xShmUnmap.unwrap()(real(file), is_delete) }
}
