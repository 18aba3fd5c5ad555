export { type KmsServer, kmsServer } from './aws/kms.ts'
export { type S3Server, s3Server } from './aws/s3.ts'
export { type SecretsManagerServer, secretsManagerServer } from './aws/secrets-manager.ts'
export { type SignedRequest, type SigningParty, signatureFault } from './aws/sigv4.ts'
