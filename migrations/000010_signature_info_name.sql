-- Up Migration

-- Phones find the public key by id and version: two keys of one name would leave archives with a signature that nobody can verify.
create unique index signature_info_name on signature_info (signing_key_id, signing_key_version);

-- Down Migration

drop index signature_info_name;
