//! How large programs are: as files, and zipped as they are deployed.

use std::fs;
use std::io::{self, Cursor, Write as _};
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// In bytes.
pub struct Size {
    pub binary: usize,
    pub zip: usize,
}

/// The size of a program, alone in its package.
pub fn of(program: &Path) -> io::Result<Size> {
    let binary = fs::read(program)?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755))?;
    zip.write_all(&binary)?;
    Ok(Size { binary: binary.len(), zip: zip.finish()?.into_inner().len() })
}
