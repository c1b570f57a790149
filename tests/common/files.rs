//! Files of rows, as NumPy and safetensors write them.

use super::Noise;

/// Any bits: also NaN, infinity and -0.0.
pub fn values(len: usize) -> Vec<f32> {
    let mut noise = Noise(len as u64);
    (0..len).map(|_| f32::from_bits(noise.next() as u32)).collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn tuple(shape: &[usize]) -> String {
    shape.iter().map(|size| format!("{size}, ")).collect()
}

pub fn npy(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", tuple(shape));
    text += &" ".repeat(63 - (10 + text.len()) % 64);
    text += "\n";
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), &bytes(values)].concat()
}

pub fn safetensors(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let (mut parts, mut data) = (vec![], vec![]);
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(bytes(values));
        let end = data.len();
        parts.push(format!("\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}"));
    }
    let text = format!("{{{}}}", parts.join(","));
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &data].concat()
}
